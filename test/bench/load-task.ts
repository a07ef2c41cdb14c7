import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { checkoutFolder } from '../harness/checkout.js';

const run = promisify(execFile);

export const LoadTask = z.object({
  kind: z.enum(['push', 'pull']),
  url: z.string(),
  repository: z.string(),
  /** Blobs of equal names have equal bytes. */
  name: z.string(),
  sizeBytes: z.number(),
  count: z.number(),
  streams: z.number(),
  /** Pull everything once more after the clock has stopped, and hash it. */
  verify: z.boolean().default(false),
});
export type LoadTask = z.input<typeof LoadTask>;

const Result = z.object({ seconds: z.number(), bytes: z.number(), digests: z.array(z.string()) });
export type LoadResult = z.infer<typeof Result>;

/** Runs a compiled script of the bench and answers what it printed. */
export async function script(name: string, ...args: string[]): Promise<unknown> {
  const file = join(checkoutFolder(), 'test/dist/bench', name);
  const { stdout } = await run(process.execPath, [file, ...args], { maxBuffer: 16 * 1024 * 1024 });
  return JSON.parse(stdout);
}

export async function load(task: LoadTask): Promise<LoadResult> {
  return Result.parse(await script('load.js', JSON.stringify(task)));
}

export function megabytesPerSecond({ bytes, seconds }: { bytes: number; seconds: number }): number {
  return bytes / 1_000_000 / seconds;
}
