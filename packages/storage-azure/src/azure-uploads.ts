import { createHash } from 'node:crypto';
import {
  checkPartNumber,
  cutInto,
  StorageError,
  writeInPieces,
  type CallOptions,
  type Chunks,
  type DataObjects,
  type Json,
  type PartPlace,
  type PartReceipt,
  type PutOutcome,
} from '@atoll/storage';
import { z } from 'zod';
import type { AzureWriter } from './azure-writer.js';
import type { BlockWriter } from './block-writer.js';
import { blockBytesAt, blockId, blockIds, newRun, type BlockRun } from './blocks.js';
import type { Place } from './place.js';

/** Of blocks in one blob: "Scalability and performance targets for Blob storage". */
const MOST_BLOCKS = 50_000;

export const PART_RULES = { minBytes: 0, maxCount: MOST_BLOCKS, equal: false, streamed: true } as const;

/** What the session keeps; the server is never asked which uploads or blocks there are. */
const Upload = z.object({ id: z.string().regex(/^[A-Za-z0-9_-]{16}$/) });

/** A receipt's tag: the run of blocks, and how many there are. */
const TAG = /^([A-Za-z0-9_-]{16})\.(\d{1,5})$/;

interface UploadsParts {
  readonly place: Place;
  readonly writer: AzureWriter;
  readonly blocks: BlockWriter;
}

/**
 * Data objects, made of blocks. The service knows no uploads: blocks belong to a blob's name, are committed by a list of their ids,
 * and go a week after the last one came. So that an upload which was given up stays so, a blob that is never committed, and so never
 * seen, stands for its end, and goes in the same way; the blocks themselves are dropped at once.
 */
export class AzureUploads implements DataObjects {
  constructor(private readonly parts: UploadsParts) {}

  async write(key: string, chunks: Chunks, o: CallOptions): Promise<{ sizeBytes: number }> {
    const cut = { pieceBytesAt: blockBytesAt, signal: o.signal };
    return writeInPieces(chunks, cut, {
      whole: (body) => this.#putWhole(key, body, o),
      pieces: (pieces) => this.#putBlocks(key, pieces, o),
    });
  }

  /** Asks the server nothing: an upload is there as soon as it is named. */
  async begin(): Promise<Json> {
    return { id: newRun() };
  }

  async writePart(
    key: string,
    upload: Json,
    { number, offsetBytes }: PartPlace,
    chunks: Chunks,
    o: CallOptions,
  ): Promise<PartReceipt> {
    checkPartNumber(number, PART_RULES, key);
    const known = this.#checkKnown(key, this.#idOf(key, upload), o);
    known.catch(() => undefined);
    const pieces = cutInto(chunks, (at) => blockBytesAt(offsetBytes + at), o.signal);
    const { id, count, sizeBytes } = await this.parts.blocks.stage(key, pieces, o);
    await known;
    return { number, sizeBytes, tag: `${id}.${count}` };
  }

  async complete(
    key: string,
    upload: Json,
    receipts: readonly PartReceipt[],
    o: CallOptions,
  ): Promise<{ sizeBytes: number }> {
    const id = this.#idOf(key, upload);
    await this.#checkKnown(key, id, o);
    const sizeBytes = receipts.reduce((sum, part) => sum + part.sizeBytes, 0);
    // Of these parts of this upload, so that whoever completes it again finds that it is done.
    const nonce = createHash('sha256')
      .update([id, ...receipts.map(({ tag }) => tag)].join())
      .digest('base64url');
    const outcome = await this.parts.blocks.commit(key, blockIds(runsOf(receipts, key)), nonce, o);
    if (outcome !== 'conflict') return { sizeBytes };
    // What is there may be what an end leaves for a moment.
    await this.#checkKnown(key, id, o);
    throw new StorageError('corrupt', `${key} was completed from other parts`, { key });
  }

  async abort(key: string, upload: Json, o: CallOptions): Promise<void> {
    const id = this.#idOf(key, upload);
    await this.parts.blocks.stageOne(endOf(key, id), blockId('', 0), Buffer.from('ended'), o);
    await this.parts.blocks.drop(key, `ended-${id}`, o);
  }

  async #putWhole(key: string, body: Buffer, o: CallOptions): Promise<void> {
    this.#refuseExisting(await this.parts.writer.put(key, body, { ifAbsent: true }, o), key);
  }

  async #putBlocks(key: string, pieces: AsyncIterable<Buffer>, o: CallOptions): Promise<{ sizeBytes: number }> {
    const { blocks } = this.parts;
    const nonce = newRun();
    try {
      const { sizeBytes, ...run } = await blocks.stage(key, pieces, o);
      this.#refuseExisting(await blocks.commit(key, blockIds([run]), nonce, o), key);
      return { sizeBytes };
    } catch (cause) {
      // Not with the caller's signal, which may be what ended this. What cannot be dropped now the service drops in a week.
      await blocks.drop(key, `ended-${nonce}`, {}).catch(() => undefined);
      throw cause;
    }
  }

  /** @throws StorageError 'unknown-upload' when the upload was given up */
  async #checkKnown(key: string, id: string, o: CallOptions): Promise<void> {
    const { blocks, place } = this.parts;
    if ((await blocks.staged(endOf(key, id), o)).size === 0) return;
    throw new StorageError('unknown-upload', `${place.url}: the upload of ${key} was given up`, { key });
  }

  /** @throws StorageError 'corrupt': keys of data objects are used once */
  #refuseExisting(outcome: PutOutcome, key: string): void {
    if (outcome !== 'conflict') return;
    throw new StorageError('corrupt', `${this.parts.place.url}: the data object ${key} exists`, { key });
  }

  #idOf(key: string, upload: Json): string {
    const parsed = Upload.safeParse(upload);
    if (parsed.success) return parsed.data.id;
    throw new StorageError('unknown-upload', `${this.parts.place.url}: not an upload to Azure Blob Storage`, { key });
  }
}

/** The blob that stands for an upload's end. */
function endOf(key: string, id: string): string {
  return `${key}~${id}`;
}

/** @throws StorageError 'corrupt' */
function runsOf(receipts: readonly PartReceipt[], key: string): BlockRun[] {
  let before = 0;
  return receipts.map(({ number, tag }) => {
    const [, id, count] = TAG.exec(tag) ?? [];
    if (id === undefined || count === undefined || number <= before) {
      throw new StorageError(
        'corrupt',
        `part ${number} of ${key}: its receipt is none of this store, or out of order`,
        { key },
      );
    }
    before = number;
    return { id, count: Number(count) };
  });
}
