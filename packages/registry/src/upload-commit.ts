import { algorithmOf, RegistryError, type Digest } from '@atoll/core';
import { isStorageError, type CallOptions, type ObjectStore, type Version } from '@atoll/storage';
import { newBlobKey, type BlobLocation } from './blob-location.js';
import type { Blobs } from './blobs.js';
import { oneChunk } from './one-chunk.js';
import { digestOfChunks } from './upload-hash.js';
import {
  bytesInParts,
  type CommittingUpload,
  type OpenUpload,
  type Stored,
  type StoreUpload,
  type UploadSession,
  type UploadSessions,
} from './upload-session.js';
import { uploadUnknown } from './upload-token.js';
import { lostRace, type UploadWriter } from './upload-writer.js';
import { digestMismatch } from './verified-chunks.js';

export interface UploadCommitParts {
  readonly store: ObjectStore;
  readonly sessions: UploadSessions;
  readonly blobs: Blobs;
  readonly onLeftBehind?: (cause: unknown) => void;
}

/**
 * How an upload becomes a blob (docs/adr/0004-upload-commit.md): its data object is completed where it was written, the session says
 * so, then link and record make it visible. From the session's change on the upload can only be completed, so that whoever gives an
 * upload up may delete its data. None of it ends with the client: what is begun is finished.
 */
export class UploadCommit {
  constructor(private readonly parts: UploadCommitParts) {}

  /**
   * The signal ends no more than reading the data object again.
   * @throws RegistryError DIGEST_INVALID; the upload is over then
   */
  async commit(uploadId: string, writer: UploadWriter, digest: Digest, o: CallOptions = {}): Promise<BlobLocation> {
    const known = await writer.digest(algorithmOf(digest));
    if (known !== undefined && known !== digest) return this.#refuse(uploadId, writer.saved, digest);
    if (writer.upload.parts.length === 0) return this.#commitTail(uploadId, writer, digest);
    await writer.flush();
    const sizeBytes = await this.#complete(writer);
    if (known === undefined && (await this.#reread(writer.upload.dataKey, digest, o)) !== digest) {
      return this.#refuse(uploadId, writer.saved, digest);
    }
    return this.#publish(uploadId, writer.saved, digest, sizeBytes);
  }

  /** What a closing request means for an upload that is not open any more. */
  async resume(uploadId: string, { session, version }: Stored, digest: Digest, o: CallOptions): Promise<BlobLocation> {
    if (session.state === 'committing') {
      if (session.digest !== digest) throw digestMismatch(digest);
      // The data object goes when the region turns out to have the digest already, and the link has been written by then.
      if (await this.parts.store.head(session.dataKey, o)) return this.#adopt(uploadId, { session, version });
    }
    const blob =
      session.state !== 'cancelled' &&
      session.state !== 'open' &&
      session.digest === digest &&
      (await this.parts.blobs.find(session.repository, digest, o));
    if (!blob) throw uploadUnknown();
    return blob;
  }

  /**
   * Goes on with an upload whose parts the store does not know any more: an earlier request may have completed the data object and
   * died. What that object holds is only known by reading it.
   */
  async recover(uploadId: string, saved: Stored<OpenUpload>, digest: Digest): Promise<BlobLocation> {
    const found = await this.parts.store.head(saved.session.dataKey);
    if (found && (await this.#reread(found.key, digest)) === digest) {
      return this.#publish(uploadId, saved, digest, found.sizeBytes);
    }
    await this.discard(uploadId, saved);
    throw uploadUnknown();
  }

  /** Gives an upload up, unless another has written to it: the answer is `false` then. */
  async discard(uploadId: string, { session, version }: Stored<OpenUpload>): Promise<boolean> {
    const { repository, expiresAt, dataKey, upload } = session;
    const used = upload !== null;
    const cancelled = { state: 'cancelled', repository, expiresAt, dataKey: used ? dataKey : null, upload } as const;
    if ((await this.parts.sessions.write(uploadId, cancelled, version)) === undefined) return false;
    if (upload) await this.#free(dataKey, upload);
    return true;
  }

  async #free(dataKey: string, upload: StoreUpload): Promise<void> {
    try {
      await this.parts.store.abortData(dataKey, upload.handle);
      await this.parts.store.delete(dataKey, { blind: true });
    } catch (cause) {
      this.parts.onLeftBehind?.(cause);
    }
  }

  /** The bytes are all in the session: a data object that the session does not name, as a retry makes one of its own. */
  async #commitTail(uploadId: string, { upload, saved }: UploadWriter, digest: Digest): Promise<BlobLocation> {
    const dataKey = newBlobKey(digest);
    const { sizeBytes } = await this.parts.store.putData(dataKey, oneChunk(upload.tail));
    const blob = await this.parts.blobs.adopt(upload.repository, digest, dataKey, sizeBytes);
    // A first part that was begun and never finished.
    if (upload.upload) await this.#free(upload.dataKey, upload.upload);
    await this.#finish(uploadId, upload, digest, saved.version);
    return blob;
  }

  async #complete({ upload }: UploadWriter): Promise<number> {
    const receipts = upload.parts.map(([sizeBytes, tag], index) => ({ number: index + 1, sizeBytes, tag }));
    const handle = upload.upload?.handle ?? null;
    try {
      const { sizeBytes } = await this.parts.store.completeData(upload.dataKey, handle, receipts);
      if (sizeBytes === bytesInParts(upload)) return sizeBytes;
    } catch (cause) {
      if (!isStorageError(cause, 'corrupt')) throw cause;
    }
    // A part was written again by another process, which may be about to close the upload: it is left as it is.
    throw new RegistryError('BLOB_UPLOAD_INVALID', 'another request wrote to the upload at this moment');
  }

  async #publish(
    uploadId: string,
    { session, version }: Stored<OpenUpload>,
    digest: Digest,
    sizeBytes: number,
  ): Promise<BlobLocation> {
    const { repository, expiresAt, dataKey } = session;
    const committing = { state: 'committing', repository, expiresAt, digest, dataKey, sizeBytes } as const;
    const stored = await this.parts.sessions.write(uploadId, committing, version);
    if (stored) return this.#adopt(uploadId, stored);
    const now = await this.parts.sessions.read(uploadId);
    if (now === undefined || now.session.state === 'open') throw await lostRace(this.parts.sessions, uploadId);
    return this.resume(uploadId, now, digest, {});
  }

  async #adopt(uploadId: string, { session, version }: Stored<CommittingUpload>): Promise<BlobLocation> {
    const { repository, digest, dataKey, sizeBytes } = session;
    const blob = await this.parts.blobs.adopt(repository, digest, dataKey, sizeBytes);
    await this.#finish(uploadId, session, digest, version);
    return blob;
  }

  /** The blob is there whether or not this succeeds. */
  async #finish(
    uploadId: string,
    { repository, expiresAt }: UploadSession,
    digest: Digest,
    version: Version | undefined,
  ): Promise<void> {
    try {
      await this.parts.sessions.write(uploadId, { state: 'done', repository, expiresAt, digest }, version);
    } catch (cause) {
      this.parts.onLeftBehind?.(cause);
    }
  }

  async #refuse(uploadId: string, saved: Stored<OpenUpload>, digest: Digest): Promise<never> {
    await this.discard(uploadId, saved);
    throw digestMismatch(digest);
  }

  async #reread(dataKey: string, digest: Digest, o: CallOptions = {}): Promise<Digest | undefined> {
    const opened = await this.parts.store.open(dataKey, o);
    return opened && digestOfChunks(opened.body, algorithmOf(digest));
  }
}
