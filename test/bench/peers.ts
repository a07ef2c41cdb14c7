import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isReady, serveRegion } from '../harness/atoll.js';
import { freePorts, Service } from '../harness/service.js';
import { Wire } from '../harness/wire.js';

/** A registry under load, one process. */
export interface Peer {
  readonly name: string;
  readonly service: Service;
  readonly wire: Wire;
}

/** One region of Atoll alone, as `atoll serve` runs it. */
export async function startServe(folder: string): Promise<Peer> {
  const [port = 0] = await freePorts(1);
  mkdirSync(folder, { recursive: true });
  const { service, wire } = await serveRegion(
    { folder: join(folder, 'bucket'), region: 'eu' },
    port,
    join(folder, 'atoll.log'),
  );
  return { name: 'atoll', service, wire };
}

/** Debian's docker-registry on a folder of the same disk, without access log. */
export async function startDockerRegistry(folder: string): Promise<Peer> {
  const [port = 0] = await freePorts(1);
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'registry.yml');
  writeFileSync(
    config,
    [
      'version: 0.1',
      'log: { level: error, accesslog: { disabled: true } }',
      `storage: { filesystem: { rootdirectory: ${join(folder, 'bucket')} }, delete: { enabled: true } }`,
      `http: { addr: "127.0.0.1:${port}" }`,
    ].join('\n'),
  );
  const service = new Service({
    command: 'docker-registry',
    args: ['serve', config],
    logFile: join(folder, 'registry.log'),
  });
  const wire = new Wire(`http://127.0.0.1:${port}`);
  await isReady(service, wire, 30_000, '/v2/');
  return { name: 'docker-registry', service, wire };
}

export async function stopPeer({ service, wire }: Peer, folder?: string): Promise<void> {
  wire.close();
  await service.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

/** Highest resident memory of a process so far, from the kernel. */
export function peakResidentMebibytes(pid: number): number {
  const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes ?? 0) / 1024;
}
