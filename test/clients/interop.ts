import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Wire } from '../harness/wire.js';
import { buildah } from './buildah.js';
import { containerd } from './containerd.js';
import { crane } from './crane.js';
import { docker } from './docker.js';
import { oras } from './oras.js';
import { podman } from './podman.js';
import { regctl } from './regctl.js';
import { makeSamples, type Samples } from './samples.js';
import { skopeo } from './skopeo.js';
import { findTool, Tools } from './tool.js';
import { COLUMNS, Trial, type Client } from './trial.js';

export const CLIENTS: readonly Client[] = [skopeo, podman, buildah, containerd, docker, crane, oras, regctl];

export interface Regions {
  readonly eu: Wire;
  readonly us: Wire;
}

export interface InteropOptions {
  readonly regions: Regions;
  readonly folder: string;
  readonly clients: readonly Client[];
  readonly bigMebibytes: number;
  readonly progress?: (line: string) => void;
}

export interface InteropRow {
  readonly client: string;
  readonly version: string;
  /** In the order of COLUMNS. */
  readonly cells: readonly string[];
  readonly seconds: number;
  /** Why it failed, or why it was not tried. */
  readonly fault?: string;
  readonly missing: boolean;
}

/** Puts every client found between two regions, one after the other. */
export async function interop({
  regions,
  folder,
  clients,
  bigMebibytes,
  progress,
}: InteropOptions): Promise<InteropRow[]> {
  const home = join(folder, 'images');
  await mkdir(home, { recursive: true });
  const samples = await makeSamples(new Tools({ home }), bigMebibytes);
  const rows: InteropRow[] = [];
  for (const [at, client] of clients.entries()) {
    const row = await tryClient(client, regions, samples, join(folder, `c${at}`));
    progress?.(`${row.client} ${row.version}: ${row.fault ?? `passed in ${row.seconds.toFixed(1)} s`}`);
    rows.push(row);
  }
  return rows;
}

async function tryClient(client: Client, regions: Regions, samples: Samples, home: string): Promise<InteropRow> {
  const missing = client.programs.filter((program) => findTool(program) === undefined);
  const empty = { client: client.name, version: '', cells: COLUMNS.map(() => '-'), seconds: 0 };
  if (missing.length > 0) return { ...empty, missing: true, fault: `NOT TRIED: ${missing.join(', ')} not installed` };
  // podman and buildah want the file that DOCKER_CONFIG points to.
  await mkdir(join(home, 'docker'), { recursive: true });
  await writeFile(join(home, 'docker', 'config.json'), '{}');
  const tools = new Tools({ home });
  const version = await client.version(tools);
  const trial = new Trial(tools, samples, regions, client.name.toLowerCase().replace(/[^a-z]+/g, ''));
  const begin = performance.now();
  const fault = await client.run(trial).then(
    () => undefined,
    (cause: unknown) => `FAILED: ${cause instanceof Error ? cause.message : String(cause)}`,
  );
  return {
    client: client.name,
    version,
    cells: COLUMNS.map((column) => trial.done.get(column) ?? '-'),
    seconds: (performance.now() - begin) / 1000,
    missing: false,
    ...(fault === undefined ? {} : { fault }),
  };
}
