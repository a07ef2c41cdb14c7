import { randomBytes } from 'node:crypto';

const MIB = 1_048_576;
/** Names a run of blocks; with the four bytes of a block's place in it, the length of every block id. */
export const RUN_BYTES = 12;

/** Blocks of one writer, one after the other: their ids follow from this, so a receipt need not list them. */
export interface BlockRun {
  readonly id: string;
  readonly count: number;
}

export function newRun(): string {
  return randomBytes(RUN_BYTES).toString('base64url');
}

/** The ids of all blocks of some runs, in order. */
export function blockIds(runs: readonly BlockRun[]): string[] {
  return runs.flatMap(({ id, count }) => Array.from({ length: count }, (_, index) => blockId(id, index)));
}

/** All ids of a blob must have one length. */
export function blockId(run: string, index: number): string {
  const bytes = Buffer.alloc(RUN_BYTES + 4);
  bytes.write(run, 0, 'base64url');
  bytes.writeUInt32BE(index, RUN_BYTES);
  return bytes.toString('base64');
}

/**
 * What blocks of a data object measure from a place on: the service is quickest above 4 MiB ("high-throughput block blobs"), small
 * ones cost less memory, and 50,000 hold a little more than a tebibyte.
 */
export function blockBytesAt(offsetBytes: number): number {
  return offsetBytes < 128 * 1024 * MIB ? 8 * MIB : 32 * MIB;
}
