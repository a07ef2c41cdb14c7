import { algorithmOf, RegistryError, type Digest, type DigestAlgorithm } from '@atoll/core';
import { giveBack, type Chunks, type ObjectStore, type PartReceipt } from '@atoll/storage';
import { ByteBuffer } from './byte-buffer.js';
import type { ByteSource } from './byte-source.js';
import { HashedChunks } from './hashed-chunks.js';
import { oneChunk } from './one-chunk.js';
import { nativeHash, resumeHash, updateGently, type UploadHash } from './upload-hash.js';
import type { UploadPlan } from './upload-plan.js';
import { bytesInParts, offsetOf, type OpenUpload, type Stored, type UploadSessions } from './upload-session.js';
import { uploadUnknown } from './upload-token.js';

/** With the part that is being gathered, three parts of memory for each request. */
const SENT_AT_ONCE = 2;

export interface UploadWriterParts {
  readonly store: ObjectStore;
  readonly sessions: UploadSessions;
  readonly plan: UploadPlan;
}

/**
 * Takes one request's bytes into an upload: cuts them into parts, hashes each byte once, and records what is durable. What it asks
 * of the store does not end with the client: bytes that have arrived are kept, so that the client can go on from there.
 * One for each request, whose caller sees to it that no other in this process writes to the upload.
 */
export class UploadWriter {
  #saved: Stored<OpenUpload>;
  /** Ahead of what is saved. Its tail is that of the last save until the body has ended. */
  #upload: OpenUpload;
  #hash: UploadHash | undefined;
  #nextPart: { readonly number: number; readonly offsetBytes: number };
  #sent: Promise<PartReceipt>[] = [];
  readonly #onTheWay = new Set<Promise<unknown>>();
  #unsavedBytes = 0;
  #received = false;

  /** `newHash` makes the hash for an upload's first part: until then all of its bytes are at hand. */
  constructor(
    private readonly parts: UploadWriterParts,
    private readonly uploadId: string,
    private readonly before: Stored<OpenUpload>,
    private readonly newHash: () => UploadHash | Promise<UploadHash>,
  ) {
    this.#saved = before;
    this.#upload = before.session;
    this.#nextPart = { number: this.#upload.parts.length + 1, offsetBytes: bytesInParts(this.#upload) };
  }

  /** The upload with everything received, saved or not. */
  get upload(): OpenUpload {
    return this.#upload;
  }

  /** The session as this writer last wrote or read it. */
  get saved(): Stored<OpenUpload> {
    return this.#saved;
  }

  /**
   * Receives a whole body. When it breaks off, what arrived is saved; when it has another length than declared, nothing is accepted.
   * @throws RegistryError RANGE_INVALID or BLOB_UPLOAD_UNKNOWN when another has written to the upload
   */
  async receive(source: ByteSource): Promise<void> {
    try {
      if (this.parts.plan.streamed) await this.#stream(source);
      else await this.#gather(source);
    } finally {
      await Promise.allSettled(this.#onTheWay);
      await source.close();
    }
    this.#received ||= source.receivedBytes > 0;
    if (source.failure === undefined) return;
    if (source.wrongSize) await this.#undo();
    else await this.save();
    throw source.failure;
  }

  /** Records everything received, and what is known of its hash. @throws as {@link receive} */
  async save(): Promise<void> {
    if (!this.#received) return;
    const upload = this.#upload;
    if (this.#hash === undefined) return this.#write({ ...upload, digestSoFar: null });
    const hash = this.#hash.save() ?? null;
    if (hash) return this.#write({ ...upload, hash, digestSoFar: null });
    await updateGently(this.#hash, upload.tail);
    return this.#write({ ...upload, hash, digestSoFar: (await this.#hash.finish('sha256')) ?? null });
  }

  /** The digest of everything received; `undefined` when the data object has to be read for it. Nothing can be received after. */
  async digest(algorithm: DigestAlgorithm): Promise<Digest | undefined> {
    const { digestSoFar, parts, hash, tail } = this.#upload;
    if (!this.#received && digestSoFar && algorithmOf(digestSoFar) === algorithm) return digestSoFar;
    const running = parts.length === 0 ? nativeHash(algorithm) : (this.#hash ?? (await resumeHash(hash)));
    await updateGently(running, tail);
    return running.finish(algorithm);
  }

  /** Nothing is received or asked for after this. */
  close(): void {
    this.#hash?.close();
  }

  /** Writes the bytes behind the last part as a part of their own, the last. */
  async flush(): Promise<void> {
    const { tail } = this.#upload;
    if (tail.length > 0) await this.#writePart(oneChunk(tail));
    this.#upload = { ...this.#upload, tail: Buffer.alloc(0) };
  }

  async #stream(source: ByteSource): Promise<void> {
    const head = new ByteBuffer();
    let next: Uint8Array | undefined = this.#upload.tail;
    for (;;) {
      const leastBytes = this.#partBytes();
      while (next !== undefined && head.length < leastBytes) {
        next = head.fill(next, leastBytes);
        if (next.length === 0) next = await source.next();
      }
      if (head.length < leastBytes) break;
      await this.#beforePart();
      const hash = await this.#running();
      await this.#writePart(new HashedChunks(this.#slice(head.take(), next, source), hash));
      next = await source.next();
    }
    this.#upload = { ...this.#upload, tail: head.take() };
  }

  /** The bytes of one streamed part. It ends where the body ends, whatever ended it, so that the part can still be kept. */
  async *#slice(
    head: Uint8Array,
    next: Uint8Array | undefined,
    source: ByteSource,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let sizeBytes = head.length;
    yield head;
    giveBack(head);
    for (let chunk = next; chunk !== undefined; chunk = await source.next()) {
      sizeBytes += chunk.length;
      yield chunk;
      if (sizeBytes >= this.parts.plan.checkpointBytes) return;
    }
  }

  async #gather(source: ByteSource): Promise<void> {
    const buffer = new ByteBuffer();
    let next: Uint8Array | undefined = this.#upload.tail;
    while (next !== undefined) {
      const partBytes = this.#partBytes();
      next = buffer.fill(next, partBytes);
      if (buffer.length === partBytes) await this.#send(buffer.take());
      if (next.length === 0) next = await source.next();
    }
    await this.#collect();
    this.#upload = { ...this.#upload, tail: buffer.take() };
  }

  /** Returns while the part is on its way, unless too many are, of this request or in the store. */
  async #send(bytes: Buffer): Promise<void> {
    await this.#beforePart();
    await updateGently(await this.#running(), bytes);
    while (this.#onTheWay.size >= SENT_AT_ONCE) await Promise.race(this.#onTheWay);
    const part = { ...this.#nextPart, sizeBytes: bytes.length };
    const taken = Promise.withResolvers<void>();
    const chunks = oneChunk(bytes, taken.resolve);
    const sent = this.parts.store.writePart(this.#upload.dataKey, this.#handle(), part, chunks);
    this.#advance(bytes.length);
    this.#sent.push(sent);
    this.#onTheWay.add(sent);
    const arrived = () => void this.#onTheWay.delete(sent);
    // A store that has as much in memory as it may asks for the bytes later. Until then nothing more is read from the client.
    await Promise.race([taken.promise, sent.then(arrived, arrived)]);
  }

  /** Waits for every part on its way. */
  async #collect(): Promise<void> {
    this.#append(await Promise.all(this.#sent));
    this.#sent = [];
  }

  async #writePart(chunks: Chunks): Promise<void> {
    const receipt = await this.parts.store.writePart(this.#upload.dataKey, this.#handle(), this.#nextPart, chunks);
    this.#advance(receipt.sizeBytes);
    this.#append([receipt]);
  }

  #append(receipts: readonly PartReceipt[]): void {
    const parts = receipts.map(({ sizeBytes, tag }) => [sizeBytes, tag] as const);
    this.#upload = { ...this.#upload, parts: [...this.#upload.parts, ...parts] };
  }

  #advance(sizeBytes: number): void {
    const { number, offsetBytes } = this.#nextPart;
    this.#nextPart = { number: number + 1, offsetBytes: offsetBytes + sizeBytes };
    this.#unsavedBytes += sizeBytes;
  }

  async #beforePart(): Promise<void> {
    if (this.#nextPart.number > this.parts.plan.maxParts) throw tooLarge(this.#nextPart.offsetBytes);
    if (this.#upload.upload === null) await this.#begin();
    if (this.#unsavedBytes < this.parts.plan.checkpointBytes) return;
    await this.#collect();
    const hash = this.#hash?.save() ?? null;
    await this.#write({ ...this.#upload, tail: Buffer.alloc(0), hash, digestSoFar: null });
  }

  /** The session names the store's upload before the first part is written, so that a crash leaves nothing that nobody knows. */
  async #begin(): Promise<void> {
    const { dataKey } = this.#upload;
    const handle = await this.parts.store.beginData(dataKey);
    try {
      await this.#write({ ...this.#upload, upload: { handle } });
    } catch (cause) {
      // A lost race, and nobody else knows this upload. After any other fault the session may have been written and name it.
      if (cause instanceof RegistryError) await this.parts.store.abortData(dataKey, handle);
      throw cause;
    }
  }

  async #undo(): Promise<void> {
    if (this.#saved.version === this.before.version) return;
    await this.#write({ ...this.before.session, upload: this.#upload.upload });
  }

  async #write(upload: OpenUpload): Promise<void> {
    const stored = await this.parts.sessions.write(this.uploadId, upload, this.#saved.version);
    if (stored === undefined) throw await lostRace(this.parts.sessions, this.uploadId);
    this.#saved = stored;
    this.#upload = upload;
    this.#unsavedBytes = 0;
  }

  async #running(): Promise<UploadHash> {
    const { parts, hash } = this.#upload;
    return (this.#hash ??= parts.length === 0 ? await this.newHash() : await resumeHash(hash));
  }

  #partBytes(): number {
    return this.parts.plan.partBytes(this.#nextPart.number, this.#upload.partBytes);
  }

  #handle() {
    return this.#upload.upload?.handle ?? null;
  }
}

/** What a writer is told that finds the session changed: where the upload stands now. */
export async function lostRace(sessions: UploadSessions, uploadId: string): Promise<RegistryError> {
  const now = (await sessions.read(uploadId))?.session;
  return now?.state === 'open' ? rangeInvalid(offsetOf(now)) : uploadUnknown();
}

/** The API tells the client `offsetBytes` in a Range header. */
export function rangeInvalid(offsetBytes: number): RegistryError {
  return new RegistryError('RANGE_INVALID', `the next byte of this upload is byte ${offsetBytes}`, {
    detail: { offsetBytes },
  });
}

function tooLarge(sizeBytes: number): RegistryError {
  return new RegistryError('SIZE_INVALID', 'the blob is larger than the store can hold', {
    detail: { sizeBytes },
    status: 413,
  });
}
