import { randomBytes } from 'node:crypto';
import type { CallOptions } from '@atoll/storage';
import type { LimitFunction } from 'p-limit';
import type { AzureCalls } from './azure-calls.js';
import { toStorageError } from './azure-failure.js';
import type { Place } from './place.js';

const MIB = 1_048_576;
/** With the block that is being gathered, four blocks of memory for each stream. */
const SENT_AT_ONCE = 3;
/** Names a run of blocks; with the four bytes of a block's place in it, the length of every block id. */
const RUN_BYTES = 12;

/** Blocks that were staged one after the other: their ids follow from this, so a receipt need not list them. */
export interface BlockRun {
  readonly id: string;
  readonly count: number;
}

export interface StagedBlocks extends BlockRun {
  readonly sizeBytes: number;
}

/** Writes streams as blocks that nobody sees until a list of them is committed; what is never committed the service drops. */
export class BlockWriter {
  constructor(
    private readonly calls: AzureCalls,
    private readonly place: Place,
    /** What bounds the memory of all streams together: a stream that has gathered a block waits for its turn to send it. */
    private readonly turn: LimitFunction,
  ) {}

  /** A run of its own, so that no attempt ever touches the blocks of another. @throws the error of `pieces` as it is */
  async stage(key: string, pieces: AsyncIterable<Buffer>, o: CallOptions): Promise<StagedBlocks> {
    const id = randomBytes(RUN_BYTES).toString('base64url');
    const sent: Promise<void>[] = [];
    let sizeBytes = 0;
    try {
      for await (const piece of pieces) {
        sizeBytes += piece.length;
        await this.#send(key, blockId(id, sent.length), piece, sent, o);
      }
      await Promise.all(sent);
    } finally {
      await Promise.allSettled(sent);
    }
    return { id, count: sent.length, sizeBytes };
  }

  async stageOne(key: string, id: string, body: Buffer, { signal }: CallOptions): Promise<void> {
    const blob = this.place.blob(key);
    try {
      await this.calls.send((o) => blob.stageBlock(id, body, body.length, o), { signal, sizeBytes: body.length });
    } catch (cause) {
      throw toStorageError(cause, this.place.url, key);
    }
  }

  async #send(key: string, id: string, body: Buffer, sent: Promise<void>[], o: CallOptions): Promise<void> {
    const block = this.turn(() => this.stageOne(key, id, body, o));
    // A failure is seen by whoever awaits it later.
    block.catch(() => undefined);
    sent.push(block);
    if (sent.length >= SENT_AT_ONCE) await sent[sent.length - SENT_AT_ONCE];
  }
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

/** What blocks of a data object measure from a place on: small ones cost less memory, and 50,000 must hold the largest blob. */
export function blockBytesAt(offsetBytes: number): number {
  if (offsetBytes < 64 * 1024 * MIB) return 4 * MIB;
  return offsetBytes < 512 * 1024 * MIB ? 32 * MIB : 100 * MIB;
}
