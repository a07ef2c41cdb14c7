import { findTool } from '../clients/tool.js';
import { Wire } from '../harness/wire.js';
import type { BareBodies } from './baseline-bodies.js';
import { startBare, startNginx } from './bare-servers.js';
import { startCommand, startDistribution, startOlareg, startServe, stopPeer, type Peer } from './peers.js';
import { ATOLL, BARE, DISK, DISTRIBUTION, DOCKER_REGISTRY, EXPRESS, NGINX, OLAREG, ZOT, type Measure } from './rows.js';

/** Something under load for one turn. */
export interface Running {
  readonly url: string;
  readonly wire: Wire;
  /** Absent where the process is not ours to look into. */
  readonly pid?: number;
  readonly stop: () => Promise<void>;
}

/** One column: what it can be measured by, and how it is started with nothing in it. */
export interface Contestant {
  readonly column: string;
  readonly role: 'registry' | 'server' | 'files' | 'disk';
  /** `folder` does not exist yet. */
  readonly start: (folder: string) => Promise<Running>;
}

const MEASURES: Readonly<Record<Contestant['role'], readonly Measure['kind'][]>> = {
  registry: ['requests', 'pull', 'push', 'images', 'tags', 'memory'],
  server: ['requests'],
  files: ['pull'],
  disk: ['push'],
};

export function canBeMeasured({ role }: Contestant, { kind }: Measure): boolean {
  return MEASURES[role].includes(kind);
}

export interface Lineup {
  readonly contestants: readonly Contestant[];
  /** All columns in their order, those that are missing too. */
  readonly columns: readonly string[];
  readonly registries: readonly string[];
  readonly missing: ReadonlyMap<string, string>;
}

export interface LineupOptions {
  /** Registries named on the command line: a URL, or a command with {port} and {folder} in it. */
  readonly peers: ReadonlyMap<string, string>;
  readonly bodies: BareBodies;
  /** Where Atoll leaves a profile of the processor. */
  readonly profileFolder?: string;
}

/** Everyone that can take part on this machine, and for those that cannot, why. */
export function lineup({ peers, bodies, profileFolder }: LineupOptions): Lineup {
  const known: readonly [string, Contestant['role'], string | undefined, (folder: string) => Promise<Peer>][] = [
    [
      ATOLL,
      'registry',
      undefined,
      (folder) => startServe(folder, profileFolder === undefined ? {} : { profileFolder }),
    ],
    [DOCKER_REGISTRY, 'registry', 'docker-registry', (folder) => startDistribution('docker-registry', folder)],
    [DISTRIBUTION, 'registry', 'registry', (folder) => startDistribution('registry', folder)],
    [OLAREG, 'registry', 'olareg', startOlareg],
    [BARE, 'server', undefined, (folder) => startBare('http', bodies, folder)],
    [EXPRESS, 'server', undefined, (folder) => startBare('express', bodies, folder)],
    [NGINX, 'files', 'nginx', startNginx],
  ];
  const missing = new Map<string, string>();
  const contestants: Contestant[] = [];
  for (const [column, role, tool, start] of known) {
    if (peers.has(column)) continue;
    if (tool !== undefined && findTool(tool) === undefined) missing.set(column, `no program ${tool} on this machine`);
    else contestants.push({ column, role, start: async (folder) => ofPeer(await start(folder), folder) });
  }
  for (const [name, where] of peers) contestants.push(named(name, where));
  if (!peers.has(ZOT)) missing.set(ZOT, 'it takes part with --peer zot=URL');
  contestants.push({ column: DISK, role: 'disk', start: () => Promise.reject(new Error('nothing to start')) });
  const registries = [DOCKER_REGISTRY, DISTRIBUTION, OLAREG, ZOT, ...peers.keys()];
  const columns = [ATOLL, ...registries, BARE, EXPRESS, NGINX, DISK];
  return { contestants, columns: [...new Set(columns)], registries: [...new Set(registries)], missing };
}

function ofPeer({ service, wire }: Peer, folder: string): Running {
  return { url: wire.url, wire, pid: service.pid, stop: () => stopPeer({ service, wire }, folder) };
}

/** A registry that runs already keeps what earlier rounds left in it; one that is started by a command does not. */
function named(column: string, where: string): Contestant {
  if (!/^https?:/.test(where)) {
    const start = async (folder: string): Promise<Running> => ofPeer(await startCommand(column, where, folder), folder);
    return { column, role: 'registry', start };
  }
  const url = new URL(where).origin;
  const open = (): Running => {
    const wire = new Wire(url);
    return { url, wire, stop: () => Promise.resolve(wire.close()) };
  };
  return { column, role: 'registry', start: () => Promise.resolve(open()) };
}
