import { giveBack, sendPieces, StorageError, type CallOptions, type PartTurns, type PutOutcome } from '@atoll/storage';
import type { AzureCalls } from './azure-calls.js';
import { AzureFailure } from './azure-failure.js';
import type { AzureReader } from './azure-reader.js';
import type { AzureWriter, WriteOptions } from './azure-writer.js';
import { blockId, newRun, type BlockRun } from './blocks.js';
import { toStorageError } from './failure-meaning.js';
import type { Place } from './place.js';

/** What an entry of the list of blocks takes in a request. */
const LISTED_BLOCK_BYTES = 64;

export interface StagedBlocks extends BlockRun {
  readonly sizeBytes: number;
}

interface BlockWriterParts {
  readonly calls: AzureCalls;
  readonly place: Place;
  readonly reader: AzureReader;
  readonly writer: AzureWriter;
  /** What bounds the memory of all streams: one that has gathered a block waits for its turn before it gathers another. */
  readonly turns: PartTurns;
}

/** Writes streams as blocks that nobody sees until a list of them is committed; what is never committed the service drops. */
export class BlockWriter {
  constructor(private readonly parts: BlockWriterParts) {}

  /** A run of its own, so that no attempt ever touches the blocks of another. @throws the error of `pieces` as it is */
  async stage(key: string, pieces: AsyncIterable<Buffer>, o: CallOptions): Promise<StagedBlocks> {
    const id = newRun();
    const sizes = await sendPieces(this.parts.turns, pieces, async (piece, index) => {
      const sizeBytes = piece.length;
      const attempts = await this.stageOne(key, blockId(id, index), piece, o);
      // A refusal may come before the body has left: that connection still reads the memory.
      if (attempts === 1) giveBack(piece);
      return sizeBytes;
    });
    return { id, count: sizes.length, sizeBytes: sizes.reduce((sum, sizeBytes) => sum + sizeBytes, 0) };
  }

  /** Answers how many attempts it took. */
  async stageOne(key: string, id: string, body: Buffer, { signal }: CallOptions): Promise<number> {
    const { calls, place } = this.parts;
    const blob = place.blob(key);
    let attempts = 0;
    const stage: Parameters<typeof calls.send>[0] = (o) => {
      attempts++;
      return blob.stageBlock(id, body, body.length, o);
    };
    try {
      await calls.send(stage, { signal, sizeBytes: body.length });
      return attempts;
    } catch (cause) {
      throw toStorageError(cause, place.url, key);
    }
  }

  /** What was staged for a blob and is not committed: the sizes of blocks by their ids. */
  async staged(key: string, { signal }: CallOptions): Promise<ReadonlyMap<string, number>> {
    const { calls, place } = this.parts;
    const blob = place.blob(key);
    try {
      const { uncommittedBlocks = [] } = await calls.send((o) => blob.getBlockList('uncommitted', o), { signal });
      return new Map(uncommittedBlocks.map(({ name, size }) => [name, size]));
    } catch (cause) {
      if (cause instanceof AzureFailure && cause.code === 'BlobNotFound') return new Map();
      throw toStorageError(cause, place.url, key);
    }
  }

  /**
   * Makes a blob of blocks, unless there is one. Every block that is not named is dropped. Who finds `nonce` there has done it before.
   * @throws StorageError 'unknown-upload' when the server does not have the blocks, or not any more
   */
  async commit(key: string, ids: string[], nonce: string, o: CallOptions): Promise<PutOutcome> {
    const { place, reader, writer } = this.parts;
    const blob = place.blob(key);
    const request = (options: WriteOptions) => blob.commitBlockList(ids, options);
    const sizeBytes = ids.length * LISTED_BLOCK_BYTES;
    try {
      return await writer.write({ key, nonce, condition: { ifAbsent: true }, sizeBytes, request }, o);
    } catch (cause) {
      if (!isUnknownBlocks(cause)) throw cause;
      // Blocks are unknown once they are committed, too, to a server that looks at them before it looks at the condition.
      const head = await reader.headWithNonce(key, o);
      if (head?.nonce === nonce) return { version: head.info.version };
      throw new StorageError('unknown-upload', `${place.url}: the blocks of ${key} are not there any more`, {
        key,
        cause,
      });
    }
  }

  /** Drops every block of a blob that is not committed, and leaves alone one that is: a list without blocks replaces them all. */
  async drop(key: string, nonce: string, o: CallOptions): Promise<void> {
    const emptied = await this.commit(key, [], nonce, o);
    if (emptied !== 'conflict') await this.parts.writer.delete(key, { ifVersion: emptied.version }, o);
  }
}

function isUnknownBlocks(cause: unknown): boolean {
  const failure = cause instanceof StorageError ? cause.more.cause : undefined;
  return failure instanceof AzureFailure && failure.code === 'InvalidBlockList';
}
