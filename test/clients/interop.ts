import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSamples, type Samples } from './samples.js';
import { findTool, Tools } from './tool.js';
import { Trial, type Client, type Regions } from './trial.js';

export interface InteropOptions {
  readonly regions: Regions;
  readonly folder: string;
  readonly clients: readonly Client[];
  readonly bigMebibytes: number;
  /**
   * Each client has images of its own: what one client brought to a region is otherwise there for all the others, and nothing large
   * is copied from region to region again.
   */
  readonly ownSamples?: boolean;
  readonly progress?: (line: string) => void;
}

export interface InteropRow {
  readonly client: string;
  readonly version: string;
  /** What it did, in order. */
  readonly done: readonly string[];
  readonly seconds: number;
  /** The longest time until the other region had what one had. */
  readonly waitedSeconds: number;
  readonly result: 'passed' | 'FAILED' | 'MISSING';
  /** Why it failed, or why it was not tried. */
  readonly fault?: string;
}

/** Puts every client between two regions, one after the other. What is not installed is a row too. */
export async function interop(options: InteropOptions): Promise<InteropRow[]> {
  const { regions, folder, clients, bigMebibytes, ownSamples = false, progress } = options;
  const samplesFolder = join(folder, 'samples');
  let samples = await makeSamples(samplesFolder, bigMebibytes);
  const rows: InteropRow[] = [];
  for (const [at, client] of clients.entries()) {
    if (ownSamples && at > 0) {
      await rm(samplesFolder, { recursive: true });
      samples = await makeSamples(samplesFolder, bigMebibytes);
    }
    const row = await tryClient(client, regions, samples, join(folder, `c${at}`));
    progress?.(`${row.client} ${row.version}: ${row.result} in ${row.seconds.toFixed(1)} s ${row.fault ?? ''}`.trim());
    rows.push(row);
  }
  return rows;
}

async function tryClient(client: Client, regions: Regions, samples: Samples, home: string): Promise<InteropRow> {
  const missing = client.programs.filter((program) => findTool(program) === undefined);
  const empty = { client: client.name, version: '-', done: [], seconds: 0, waitedSeconds: 0 };
  if (missing.length > 0) return { ...empty, result: 'MISSING', fault: `not installed: ${missing.join(', ')}` };
  // podman and buildah want the file that DOCKER_CONFIG points to.
  await mkdir(join(home, 'docker'), { recursive: true });
  await writeFile(join(home, 'docker', 'config.json'), '{}');
  const tools = new Tools({ home });
  const begin = performance.now();
  const trial = new Trial(tools, samples, regions, client.id);
  let version = '-';
  const fault = await (async () => {
    version = await client.version(tools);
    await client.run(trial);
  })().then(
    () => undefined,
    (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)),
  );
  return {
    client: client.name,
    version,
    done: trial.done,
    seconds: (performance.now() - begin) / 1000,
    waitedSeconds: trial.longestWaitSeconds,
    result: fault === undefined ? 'passed' : 'FAILED',
    ...(fault === undefined ? {} : { fault }),
  };
}
