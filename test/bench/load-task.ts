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
  /** How often each of them is moved. */
  repeats: z.number().default(1),
  /** Pull everything once more after the clock has stopped, and hash it. */
  verify: z.boolean().default(false),
});
export type LoadTask = z.input<typeof LoadTask>;

const Result = z.object({ seconds: z.number(), bytes: z.number(), digests: z.array(z.string()) });
export type LoadResult = z.infer<typeof Result>;

/** Bytes through sha256 and onto disk, without a network. */
export const WriteTask = z.object({
  folder: z.string(),
  sizeBytes: z.number(),
  count: z.number(),
  streams: z.number(),
  /** Each file is synced before it counts, as a registry must that promises to keep it. */
  durable: z.boolean(),
});
export type WriteTask = z.infer<typeof WriteTask>;

/** Small requests on connections that stay open, each waiting for its answer before it sends the next. */
export const RequestsTask = z.object({
  /** One request over and over; small images pushed, each with a config and a layer of its own; such images pulled; manifests, each under a tag of its own. */
  kind: z.enum(['requests', 'images', 'pulls', 'tags']),
  url: z.string(),
  connections: z.number(),
  /** For images: so many, and no warming; the clock ends with the last of them. */
  most: z.number().optional(),
  /** Answers of this time are not counted. */
  warmSeconds: z.number(),
  seconds: z.number(),
  method: z.string().default('GET'),
  path: z.string().default('/'),
  repository: z.string().default(''),
  /** Images of equal names have equal bytes. */
  name: z.string().default(''),
});
export type RequestsTask = z.input<typeof RequestsTask>;

const Counted = z.object({ count: z.number(), seconds: z.number() });

/** Nothing that is measured here takes longer, unless it hangs. */
const LONGEST_MS = 900_000;

/** Runs a compiled script of the bench and answers what it printed. */
export async function script(name: string, ...args: string[]): Promise<unknown> {
  const file = join(checkoutFolder(), 'test/dist/bench', name);
  const { stdout } = await run(process.execPath, [file, ...args], { maxBuffer: 16 * 1024 * 1024, timeout: LONGEST_MS });
  return JSON.parse(stdout);
}

export async function load(task: LoadTask): Promise<LoadResult> {
  return Result.parse(await script('load.js', JSON.stringify(task)));
}

/** @throws Error when sha256 and disk could not be measured */
export async function hashAndWrite(task: WriteTask): Promise<LoadResult> {
  return Result.parse(await script('baseline-write.js', JSON.stringify(task)));
}

/** How many a second. @throws Error when any answer was not a success */
export async function loadRequests(task: RequestsTask): Promise<number> {
  const { count, seconds } = Counted.parse(await script('load-requests.js', JSON.stringify(task)));
  return count / seconds;
}

export function megabytesPerSecond({ bytes, seconds }: { bytes: number; seconds: number }): number {
  return bytes / 1_000_000 / seconds;
}
