import { algorithmOf, systemClock, type Clock, type Digest, type RepositoryName } from '@atoll/core';
import { isStorageError, KeyedMutex, type CallOptions, type Chunks, type ObjectStore } from '@atoll/storage';
import type { BlobLocation } from './blob-location.js';
import type { Blobs } from './blobs.js';
import { ByteSource } from './byte-source.js';
import { UploadCommit } from './upload-commit.js';
import { HashThread } from './hash-thread.js';
import { oneChunk } from './one-chunk.js';
import { resumableHash } from './upload-hash.js';
import { planUploads, type UploadPlan, type UploadSizes } from './upload-plan.js';
import { newUpload, offsetOf, UploadSessions, type OpenUpload, type Stored } from './upload-session.js';
import { sweepUploads } from './upload-sweeper.js';
import { UploadTokens, uploadUnknown, type TokenIdentity, type UploadToken } from './upload-token.js';
import { rangeInvalid, UploadWriter } from './upload-writer.js';

/** Where a body's bytes belong, and how many there are, if the client says so. */
export interface UploadRange {
  readonly start: number;
  readonly sizeBytes?: number | undefined;
}

export interface UploadsParts {
  readonly store: ObjectStore;
  readonly identity: TokenIdentity;
  readonly blobs: Blobs;
  readonly clock?: Clock;
  /** Shared with the blobs. */
  readonly hashes?: HashThread;
  readonly ttlSeconds?: number;
  /** How long after its end an upload's remains are kept: far longer than any request takes. */
  readonly sweepAfterSeconds?: number;
  readonly sizes?: Partial<UploadSizes>;
  /** Told of garbage that could not be removed; the sweep tries again. */
  readonly onLeftBehind?: (cause: unknown) => void;
}

const DAY_SECONDS = 86_400;

/**
 * Uploads whose every request may come to another process (docs/adr/0004-upload-commit.md). Opening one writes nothing; the session
 * appears with the first bytes. A body that is refused is left unread: the caller drains it or closes the connection.
 */
export class Uploads {
  readonly #tokens: UploadTokens;
  readonly #sessions: UploadSessions;
  readonly #plan: UploadPlan;
  readonly #commit: UploadCommit;
  readonly #clock: Clock;
  readonly #hashes: HashThread;
  /** A second writer waits here and then finds that its offset is stale; across processes the session's version tells it. */
  readonly #writers = new KeyedMutex();

  constructor(private readonly parts: UploadsParts) {
    this.#clock = parts.clock ?? systemClock;
    this.#hashes = parts.hashes ?? new HashThread();
    this.#tokens = new UploadTokens(parts.identity, parts.ttlSeconds ?? DAY_SECONDS, this.#clock);
    this.#sessions = new UploadSessions(parts.store);
    this.#plan = planUploads(parts.store.capabilities, parts.sizes);
    this.#commit = new UploadCommit({ ...parts, sessions: this.#sessions });
  }

  /** The id of a new upload, safe in a URL and bound to the repository. */
  start(repository: RepositoryName): string {
    return this.#tokens.issue(repository);
  }

  /** How many bytes are kept. @throws RegistryError BLOB_UPLOAD_UNKNOWN */
  async status(repository: RepositoryName, id: string, o: CallOptions = {}): Promise<{ offsetBytes: number }> {
    const { uploadId } = this.#tokens.read(repository, id);
    const session = (await this.#sessions.read(uploadId, o))?.session;
    if (session === undefined) return { offsetBytes: 0 };
    if (session.state === 'open') return { offsetBytes: offsetOf(session) };
    if (session.state === 'committing') return { offsetBytes: session.sizeBytes };
    throw uploadUnknown();
  }

  /**
   * Adds a body to the upload. When the body breaks off, what arrived is kept and the cause is thrown.
   * @throws RegistryError BLOB_UPLOAD_UNKNOWN; RANGE_INVALID with `detail.offsetBytes` when the range does not begin there, and the
   * upload goes on; SIZE_INVALID when the body is not as long as the range, and nothing of it is kept
   */
  async append(
    repository: RepositoryName,
    id: string,
    body: Chunks,
    range?: UploadRange,
    o: CallOptions = {},
  ): Promise<{ offsetBytes: number }> {
    return this.#alone(repository, id, o, async (token) => {
      const before = await this.#open(repository, token, o);
      checkStart(before.session, range);
      // The common push: one request brings everything, the next one only closes the upload.
      const allAtOnce = before.version === undefined && range === undefined;
      const writer = this.#writer(token, before, () => (allAtOnce ? this.#hashes.hash('sha256') : resumableHash()));
      try {
        await writer.receive(sourceOf(body, range, o));
        await writer.save();
      } catch (cause) {
        if (!isStorageError(cause, 'unknown-upload')) throw cause;
        // The store has dropped the parts, or a request that was never answered has completed them.
        await this.#commit.discard(token.uploadId, writer.saved);
        throw uploadUnknown();
      } finally {
        writer.close();
      }
      return { offsetBytes: offsetOf(writer.upload) };
    });
  }

  /**
   * Adds the last body, if there is one, and makes the upload a blob of the repository. A repeat after success, or after a failure
   * halfway, gives the same answer.
   * @throws RegistryError as {@link append}, and DIGEST_INVALID: the upload is over then and nothing of it can be seen
   */
  async finish(
    repository: RepositoryName,
    id: string,
    digest: Digest,
    body?: Chunks,
    range?: UploadRange,
    o: CallOptions = {},
  ): Promise<BlobLocation> {
    return this.#alone(repository, id, o, async (token) => {
      const found = await this.#sessions.read(token.uploadId, o);
      if (found === undefined) return this.#finishAtOnce(repository, digest, body, range, o);
      if (found.session.state !== 'open') return this.#commit.resume(token.uploadId, found, digest, o);
      const before = { session: found.session, version: found.version };
      checkStart(before.session, body && range);
      return this.#finishOpen(token, before, digest, body, range, o);
    });
  }

  /** Ends the upload and frees what it holds. @throws RegistryError BLOB_UPLOAD_UNKNOWN */
  async cancel(repository: RepositoryName, id: string, o: CallOptions = {}): Promise<void> {
    await this.#alone(repository, id, o, async (token) => {
      const before = await this.#open(repository, token, o);
      if (!(await this.#commit.discard(token.uploadId, before))) throw uploadUnknown();
    });
  }

  /** A blob in one request. @throws RegistryError DIGEST_INVALID or SIZE_INVALID */
  async putWhole(
    repository: RepositoryName,
    digest: Digest,
    body: Chunks,
    o: CallOptions & { readonly sizeBytes?: number } = {},
  ): Promise<BlobLocation> {
    return this.parts.blobs.store(repository, digest, body, o);
  }

  /** Removes what uploads that nobody can use any more have left. Repeats do no harm. */
  async sweep(o: CallOptions = {}): Promise<{ removed: number }> {
    const keptMs = (this.parts.sweepAfterSeconds ?? DAY_SECONDS) * 1000;
    const before = this.#clock.now() - keptMs;
    return sweepUploads({ ...this.parts, sessions: this.#sessions }, before, o);
  }

  async #finishOpen(
    token: UploadToken,
    before: Stored<OpenUpload>,
    digest: Digest,
    body: Chunks | undefined,
    range: UploadRange | undefined,
    o: CallOptions,
  ): Promise<BlobLocation> {
    const writer = this.#writer(token, before, () => this.#hashes.hash(algorithmOf(digest)));
    try {
      if (body) await writer.receive(sourceOf(body, range, o));
      return await this.#commit.commit(token.uploadId, writer, digest);
    } catch (cause) {
      if (!isStorageError(cause, 'unknown-upload')) throw cause;
      return await this.#commit.recover(token.uploadId, writer.saved, digest);
    } finally {
      writer.close();
    }
  }

  /** An upload of which nothing is stored: its body goes straight to the data object, without a session. */
  async #finishAtOnce(
    repository: RepositoryName,
    digest: Digest,
    body: Chunks | undefined,
    range: UploadRange | undefined,
    o: CallOptions,
  ): Promise<BlobLocation> {
    if (body && range && range.start !== 0) throw rangeInvalid(0);
    const source = sourceOf(body ?? oneChunk(Buffer.alloc(0)), range, o);
    const first = await source.next();
    // A repeat of a request that was answered: its body is gone, but the blob is there.
    const there =
      first === undefined && source.failure === undefined && (await this.parts.blobs.find(repository, digest, o));
    return there || this.parts.blobs.store(repository, digest, source.rest(first), o);
  }

  /** The upload to add to: what is stored of it, or a new one. @throws RegistryError BLOB_UPLOAD_UNKNOWN */
  async #open(repository: RepositoryName, token: UploadToken, o: CallOptions): Promise<Stored<OpenUpload>> {
    const found = await this.#sessions.read(token.uploadId, o);
    if (found?.session.state === 'open') return { session: found.session, version: found.version };
    if (found) throw uploadUnknown();
    return { session: newUpload(repository, token.expiresAt, this.#plan.firstPartBytes), version: undefined };
  }

  #writer(token: UploadToken, before: Stored<OpenUpload>, newHash: NewHash): UploadWriter {
    const { store } = this.parts;
    return new UploadWriter({ store, sessions: this.#sessions, plan: this.#plan }, token.uploadId, before, newHash);
  }

  /** One request after another for each upload. */
  #alone<T>(
    repository: RepositoryName,
    id: string,
    o: CallOptions,
    task: (token: UploadToken) => Promise<T>,
  ): Promise<T> {
    const token = this.#tokens.read(repository, id);
    return this.#writers.run(token.uploadId, () => {
      o.signal?.throwIfAborted();
      return task(token);
    });
  }
}

type NewHash = ConstructorParameters<typeof UploadWriter>[3];

function checkStart(upload: OpenUpload, range: UploadRange | undefined): void {
  const offsetBytes = offsetOf(upload);
  if (range && range.start !== offsetBytes) throw rangeInvalid(offsetBytes);
}

function sourceOf(body: Chunks, range: UploadRange | undefined, o: CallOptions): ByteSource {
  return new ByteSource(body, { signal: o.signal, sizeBytes: range?.sizeBytes });
}
