import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { cutInto, StorageError, type CallOptions, type Chunks, type Json, type PartReceipt } from '@atoll/storage';
import { z } from 'zod';
import type { AzureCalls } from './azure-calls.js';
import { AzureFailure, toStorageError } from './azure-failure.js';
import type { AzureReader } from './azure-reader.js';
import type { AzureWriter, PutOutcome } from './azure-writer.js';
import { blockBytesAt, blockId, blockIds, type BlockRun, type BlockWriter } from './block-writer.js';
import type { Place } from './place.js';

/** Of blocks in one blob: "Scalability and performance targets for Blob storage". */
const MOST_BLOCKS = 50_000;
/** What an entry of the list of blocks takes in a request. */
const LISTED_BLOCK_BYTES = 64;

export const PART_RULES = { minBytes: 0, maxCount: MOST_BLOCKS, equal: false, streamed: true } as const;

/** What the session keeps; the server is never asked which uploads or blocks there are. */
const Upload = z.object({ id: z.string().regex(/^[A-Za-z0-9_-]{16}$/) });

/** A receipt's tag: the run of blocks, and how many there are. */
const TAG = /^([A-Za-z0-9_-]{16})\.(\d{1,5})$/;

interface UploadsParts {
  readonly calls: AzureCalls;
  readonly place: Place;
  readonly reader: AzureReader;
  readonly writer: AzureWriter;
  readonly blocks: BlockWriter;
}

/**
 * Data objects, made of blocks. The service knows no uploads: blocks belong to a blob's name, are committed by a list of their ids,
 * and go a week after the last one came. So that an upload which was given up stays so, a blob that is never committed, and so never
 * seen, stands for its end, and goes in the same way.
 */
export class AzureUploads {
  constructor(private readonly parts: UploadsParts) {}

  async putData(key: string, chunks: Chunks, o: CallOptions): Promise<{ sizeBytes: number }> {
    const pieces = cutInto(chunks, blockBytesAt, o.signal);
    try {
      const first = await pieces.next();
      const head = first.done ? Buffer.alloc(0) : first.value;
      if (head.length < blockBytesAt(0)) return await this.#putWhole(key, head, o);
      const { sizeBytes, ...run } = await this.parts.blocks.stage(key, startingWith(head, pieces), o);
      this.#refuseExisting(await this.#commit(key, [run], randomUUID(), o), key);
      return { sizeBytes };
    } finally {
      await pieces.return();
    }
  }

  begin(): Json {
    return { id: randomBytes(12).toString('base64url') };
  }

  async writePart(
    key: string,
    upload: Json,
    { number, offsetBytes }: { readonly number: number; readonly offsetBytes: number },
    chunks: Chunks,
    o: CallOptions,
  ): Promise<PartReceipt> {
    if (!Number.isInteger(number) || number < 1 || number > PART_RULES.maxCount) {
      throw new StorageError('unsupported', `part numbers go from 1 to ${PART_RULES.maxCount}`, { key });
    }
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
    const outcome = await this.#commit(key, runsOf(receipts, key), nonce, o);
    if (outcome !== 'conflict') return { sizeBytes };
    throw new StorageError('corrupt', `${key} was completed from other parts`, { key });
  }

  async abort(key: string, upload: Json, o: CallOptions): Promise<void> {
    const ended = endOf(key, this.#idOf(key, upload));
    await this.parts.blocks.stageOne(ended, blockId('', 0), Buffer.from('ended'), o);
  }

  async #putWhole(key: string, body: Buffer, o: CallOptions): Promise<{ sizeBytes: number }> {
    this.#refuseExisting(await this.parts.writer.put(key, body, { ifAbsent: true }, o), key);
    return { sizeBytes: body.length };
  }

  /** @throws StorageError 'unknown-upload' when the server does not have the blocks, or not any more */
  async #commit(key: string, runs: readonly BlockRun[], nonce: string, o: CallOptions): Promise<PutOutcome> {
    const { place, writer, reader } = this.parts;
    const ids = blockIds(runs);
    const blob = place.blob(key);
    const write = {
      key,
      nonce,
      condition: { ifAbsent: true },
      sizeBytes: ids.length * LISTED_BLOCK_BYTES,
      request: (options) => blob.commitBlockList(ids, options),
    } satisfies Parameters<AzureWriter['write']>[0];
    try {
      return await writer.write(write, o);
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

  /** @throws StorageError 'unknown-upload' when the upload was given up */
  async #checkKnown(key: string, id: string, { signal }: CallOptions): Promise<void> {
    const { calls, place } = this.parts;
    const ended = place.blob(endOf(key, id));
    try {
      await calls.send((o) => ended.getBlockList('uncommitted', o), { signal });
    } catch (cause) {
      if (cause instanceof AzureFailure && cause.code === 'BlobNotFound') return;
      throw toStorageError(cause, place.url, key);
    }
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

function isUnknownBlocks(cause: unknown): boolean {
  const failure = cause instanceof StorageError ? cause.more.cause : undefined;
  return failure instanceof AzureFailure && failure.code === 'InvalidBlockList';
}

async function* startingWith(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}
