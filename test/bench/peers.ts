import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toolFile } from '../clients/tool.js';
import { isReady, serveRegion } from '../harness/atoll.js';
import { freePorts, Service } from '../harness/service.js';
import { Wire } from '../harness/wire.js';

/** A registry under load, one process. */
export interface Peer {
  readonly name: string;
  readonly service: Service;
  readonly wire: Wire;
}

export interface ServeOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** A profile of the processor is left there when it stops. */
  readonly profileFolder?: string;
}

/** One region of Atoll alone, as `atoll serve` runs it, on a folder unless `env` names another bucket. */
export async function startServe(folder: string, { env, profileFolder }: ServeOptions = {}): Promise<Peer> {
  const [port = 0] = await freePorts(1);
  mkdirSync(folder, { recursive: true });
  const nodeArgs = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const { service, wire } = await serveRegion(
    { folder: join(folder, 'bucket'), region: 'eu', nodeArgs, ...(env && { env }) },
    port,
    join(folder, 'atoll.log'),
  );
  return { name: 'atoll', service, wire };
}

/** Debian's docker-registry on a folder of the same disk, without access log. */
export function startDockerRegistry(folder: string): Promise<Peer> {
  return startDistribution('docker-registry', folder);
}

/** Any version of distribution, whose command is `tool`, on a folder unless `storage` is the configuration of another driver. */
export async function startDistribution(tool: string, folder: string, storage?: string): Promise<Peer> {
  const [port = 0] = await freePorts(1);
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'registry.yml');
  writeFileSync(
    config,
    [
      'version: 0.1',
      'log: { level: error, accesslog: { disabled: true } }',
      `storage: { ${storage ?? `filesystem: { rootdirectory: ${join(folder, 'bucket')} }`}, delete: { enabled: true } }`,
      `http: { addr: "127.0.0.1:${port}" }`,
    ].join('\n'),
  );
  // Its newer versions send traces to a collector on this machine unless told not to, and its older ones take no bundle for S3.
  const { AWS_CA_BUNDLE: _, ...others } = process.env;
  const env = { ...others, OTEL_TRACES_EXPORTER: 'none' };
  return startProgram(tool, { command: toolFile(tool), args: ['serve', config], env, folder, port });
}

export async function startOlareg(folder: string): Promise<Peer> {
  const [port = 0] = await freePorts(1);
  const args = ['serve', '--addr', '127.0.0.1', '--port', String(port), '--dir', join(folder, 'bucket')];
  return startProgram('olareg', { command: toolFile('olareg'), args: [...args, '--verbosity', 'error'], folder, port });
}

/** A registry started by a command of the shell, in which {port} and {folder} are replaced. */
export async function startCommand(name: string, line: string, folder: string): Promise<Peer> {
  const [port = 0] = await freePorts(1);
  const filled = line.replaceAll('{port}', String(port)).replaceAll('{folder}', folder);
  return startProgram(name, { command: '/bin/sh', args: ['-c', `exec ${filled}`], folder, port });
}

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Holds its log, and what it keeps. */
  readonly folder: string;
  readonly port: number;
  /** A path that is answered with 200 as soon as it serves. */
  readonly ready?: string;
}

export async function startProgram(name: string, program: Program): Promise<Peer> {
  const { command, args, env, folder, port, ready = '/v2/' } = program;
  mkdirSync(folder, { recursive: true });
  const logFile = join(folder, `${name}.log`);
  const service = new Service({ command, args, logFile, ...(env === undefined ? {} : { env }) });
  const wire = new Wire(`http://127.0.0.1:${port}`);
  try {
    await isReady(service, wire, 30_000, ready);
  } catch (cause) {
    wire.close();
    await service.kill();
    throw cause;
  }
  return { name, service, wire };
}

export async function stopPeer({ service, wire }: Omit<Peer, 'name'>, folder?: string): Promise<void> {
  wire.close();
  await service.stop();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

/** Highest resident memory of a process so far, from the kernel. */
export function peakResidentMebibytes(pid: number): number {
  return statusMebibytes(pid, 'VmHWM');
}

export function residentMebibytes(pid: number): number {
  return statusMebibytes(pid, 'VmRSS');
}

function statusMebibytes(pid: number, field: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) / 1024;
}
