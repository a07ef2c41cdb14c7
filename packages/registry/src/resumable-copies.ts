import { createHash } from 'node:crypto';
import { algorithmOf, RegistryError, systemClock, type Clock, type Digest, type RepositoryName } from '@atoll/core';
import { isStorageError, KeyedMutex, keys, type CallOptions, type ObjectStore, type Version } from '@atoll/storage';
import { LRUCache } from 'lru-cache';
import type { BlobSource } from './blob-copies.js';
import { newBlobKey } from './blob-location.js';
import type { Blobs } from './blobs.js';
import { ByteSource } from './byte-source.js';
import { HashThread } from './hash-thread.js';
import { UploadCommit } from './upload-commit.js';
import { planUploads, type UploadPlan, type UploadSizes } from './upload-plan.js';
import { newUpload, offsetOf, UploadSessions, type OpenUpload, type Stored } from './upload-session.js';
import { UploadWriter } from './upload-writer.js';

export interface ResumableCopiesParts {
  readonly store: ObjectStore;
  readonly blobs: Blobs;
  readonly clock?: Clock;
  /** Shared with the blobs. */
  readonly hashes?: HashThread;
  /** A blob of fewer bytes is brought in one go. */
  readonly leastBytes?: number;
  readonly sizes?: Partial<UploadSizes>;
  /** Told of garbage that could not be removed. */
  readonly onLeftBehind?: (cause: unknown) => void;
}

/** One blob on its way into one repository. */
interface Copy {
  readonly uploadId: string;
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly source: BlobSource;
}

const MIB = 1_048_576;
/** About what is lost at most when a process is killed; each costs one more request. */
const CHECKPOINT_BYTES = 64 * MIB;
/** What is not complete by then begins anew: far longer than any blob takes on a line that is of use. */
const KEPT_MS = 7 * 86_400_000;
/** Twice what a checkpoint takes on a line of 4 Mbit/s. */
const LEFT_TO_ANOTHER_MS = 5 * 60_000;
const REMEMBERED_COPIES = 1_000;

/**
 * Blobs of other regions that must be streamed and are big: brought in parts, so that after a break this or another process goes on
 * where it stopped (docs/adr/0012-resumable-copies.md). The parts are those of an upload, whose session's id follows from the blob.
 */
export class ResumableCopies {
  readonly #sessions: UploadSessions;
  readonly #plan: UploadPlan;
  readonly #commit: UploadCommit;
  readonly #clock: Clock;
  readonly #hashes: HashThread;
  readonly #mutex = new KeyedMutex();
  /** The sessions as this process left them: what stands so was written by nobody else since. */
  readonly #own = new LRUCache<string, Version>({ max: REMEMBERED_COPIES });

  constructor(private readonly parts: ResumableCopiesParts) {
    this.#clock = parts.clock ?? systemClock;
    this.#hashes = parts.hashes ?? new HashThread();
    this.#sessions = new UploadSessions(parts.store);
    this.#plan = planUploads(parts.store.capabilities, { checkpointBytes: CHECKPOINT_BYTES, ...parts.sizes });
    this.#commit = new UploadCommit({ ...parts, sessions: this.#sessions });
  }

  /**
   * As {@link Blobs.copyIn}. After a failure a repeat goes on from what was saved, unless it turned out to be wrong.
   * @throws RegistryError DIGEST_INVALID or SIZE_INVALID; UNAVAILABLE while another process brings the blob
   */
  async copyIn(
    repository: RepositoryName,
    digest: Digest,
    sizeBytes: number,
    source: BlobSource,
    o: CallOptions = {},
  ): Promise<void> {
    const { blobs, leastBytes = 64 * MIB } = this.parts;
    const copy = { uploadId: idOf(repository, digest, sizeBytes), repository, digest, sizeBytes, source };
    const stream = () => this.#mutex.run(copy.uploadId, () => this.#stream(copy, o));
    await blobs.copyIn(repository, digest, sizeBytes, source, sizeBytes < leastBytes ? o : { ...o, stream });
  }

  async #stream(copy: Copy, o: CallOptions): Promise<void> {
    const before = await this.#open(copy, o);
    if (before === undefined) return;
    const { store } = this.parts;
    const newHash = () => this.#hashes.hash(algorithmOf(copy.digest));
    const parts = { store, sessions: this.#sessions, plan: this.#plan };
    const writer = new UploadWriter(parts, copy.uploadId, before, newHash);
    try {
      await this.#write(copy, writer, o);
    } finally {
      writer.close();
      this.#own.set(copy.uploadId, writer.saved.version);
    }
  }

  async #write({ uploadId, digest, sizeBytes, source }: Copy, writer: UploadWriter, o: CallOptions): Promise<void> {
    const start = offsetOf(writer.upload);
    const restBytes = sizeBytes - start;
    const body = new ByteSource(restBytes > 0 ? source.chunks({ start }) : nothing(), { ...o, sizeBytes: restBytes });
    try {
      await writer.receive(body);
      await this.#commit.commit(uploadId, writer, digest, o);
    } catch (cause) {
      if (cause === body.failure) throw cause;
      await this.#afterFailure(uploadId, writer, digest, cause);
    }
  }

  /** Returns when the blob is there nevertheless. What the store lost or another wrote over is given up, so that it begins anew. */
  async #afterFailure(uploadId: string, writer: UploadWriter, digest: Digest, cause: unknown): Promise<void> {
    if (isStorageError(cause, 'unknown-upload')) {
      await this.#commit.recover(uploadId, writer.saved, digest).catch((failure: unknown) => {
        throw lostToAnother(failure) ?? failure;
      });
      return;
    }
    const spoilt = isStorageError(cause, 'corrupt') || isRegistryError(cause, 'BLOB_UPLOAD_INVALID');
    if (spoilt) await this.#commit.discard(uploadId, writer.saved);
    throw lostToAnother(cause) ?? cause;
  }

  /** The session to go on with, or a new one; `undefined` when the blob is there now. */
  async #open(copy: Copy, o: CallOptions): Promise<Stored<OpenUpload> | undefined> {
    const { uploadId, repository, digest } = copy;
    const found = await this.#sessions.read(uploadId, o);
    if (found?.session.state === 'open') return this.#claim(uploadId, found.session, found.version, o);
    if (found && (await this.#isComplete(uploadId, found, digest, o))) return undefined;
    const fresh = newUpload(repository, this.#clock.now() + KEPT_MS, this.#plan.firstPartBytes);
    return { session: { ...fresh, dataKey: newBlobKey(digest) }, version: found?.version };
  }

  /**
   * Where several processes may write to one bucket, whoever goes on says so first, and what another wrote to a moment ago is left to
   * it. This only spares work: a process that wakes up late finds at its next save that the session is not its own.
   * @throws RegistryError UNAVAILABLE
   */
  async #claim(
    uploadId: string,
    session: OpenUpload,
    version: Version | undefined,
    o: CallOptions,
  ): Promise<Stored<OpenUpload>> {
    if (this.#plan.streamed) return { session, version };
    if (this.#own.get(uploadId) !== version) {
      const modified = (await this.parts.store.head(keys.upload(uploadId), o))?.modified;
      if (modified && this.#clock.now() - modified.getTime() < LEFT_TO_ANOTHER_MS) throw atAnother();
    }
    const claimed = await this.#sessions.write(uploadId, session, version, o);
    if (claimed === undefined) throw atAnother();
    return claimed;
  }

  /** Completes a copy that was cut off while it became visible; frees what one that was given up may still hold. */
  async #isComplete(uploadId: string, found: Stored, digest: Digest, o: CallOptions): Promise<boolean> {
    try {
      await this.#commit.resume(uploadId, found, digest, o);
      return true;
    } catch (cause) {
      if (!isRegistryError(cause, 'BLOB_UPLOAD_UNKNOWN')) throw cause;
    }
    const { session } = found;
    if (session.state !== 'cancelled' || session.dataKey === null) return false;
    if (session.upload) await this.parts.store.abortData(session.dataKey, session.upload.handle, o);
    await this.parts.store.delete(session.dataKey, { blind: true }, o);
    return false;
  }
}

/** With the size: manifests that tell a wrong one do not get into the way of the others. No client can have an upload of this name. */
function idOf(repository: RepositoryName, digest: Digest, sizeBytes: number): string {
  const name = [repository, digest, sizeBytes].join('\n');
  return `copy-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
}

function isRegistryError(cause: unknown, code: RegistryError['code']): cause is RegistryError {
  return cause instanceof RegistryError && cause.code === code;
}

/** What a writer is told whose session has changed. */
function lostToAnother(cause: unknown): RegistryError | undefined {
  const lost = isRegistryError(cause, 'RANGE_INVALID') || isRegistryError(cause, 'BLOB_UPLOAD_UNKNOWN');
  return lost ? atAnother(cause) : undefined;
}

function atAnother(cause?: unknown): RegistryError {
  return new RegistryError('UNAVAILABLE', 'another process brings this blob, or has given up what there was', {
    cause,
  });
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // All bytes are there.
}
