import type { Digest, RepositoryName } from '@atoll/core';
import { keys, StorageError, type CallOptions, type Json, type ObjectStore, type Version } from '@atoll/storage';
import { z } from 'zod';
import { digestField, repositoryField, sizeField } from './fields.js';
import { decodeJson, encodeJson } from './json-object.js';
import { randomId } from './random-id.js';
import type { SavedHash } from './upload-hash.js';

interface Session {
  readonly repository: RepositoryName;
  /** Milliseconds since 1970; from then on nobody can use the upload. */
  readonly expiresAt: number;
}

/** The store's answer to the beginning of a data object; what it says is the driver's own. */
export interface StoreUpload {
  readonly handle: Json;
}

/** What the store was told and has answered so far. */
export interface UploadProgress {
  /** Random, and not to be guessed from the upload's id: a request that comes late cannot touch a committed blob's bytes. */
  readonly dataKey: string;
  /** What the store calls the parts; `null` until the first part. */
  readonly upload: StoreUpload | null;
  /** The size of the first part; the size of the others follows from it. */
  readonly partBytes: number;
  /** Size and tag of each part, in order. */
  readonly parts: readonly (readonly [sizeBytes: number, tag: string])[];
  /** The hash of exactly the bytes in `parts`, if it was computed in a form that can be handed on. */
  readonly hash: SavedHash | null;
  /** The digest of everything received so far, if it is known. */
  readonly digestSoFar: Digest | null;
}

export interface OpenUpload extends Session, UploadProgress {
  readonly state: 'open';
  /** The bytes behind the last part: fewer than a part. */
  readonly tail: Buffer;
}

/** Every byte is in the data object and has the digest; what is left is to make it visible. */
export interface CommittingUpload extends Session {
  readonly state: 'committing';
  readonly digest: Digest;
  readonly dataKey: string;
  readonly sizeBytes: number;
}

/** Kept for a while, so that a client which lost the answer to its last request gets it again. */
export interface DoneUpload extends Session {
  readonly state: 'done';
  readonly digest: Digest;
}

/** Given up; what it names is garbage. */
export interface CancelledUpload extends Session {
  readonly state: 'cancelled';
  readonly dataKey: string | null;
  readonly upload: StoreUpload | null;
}

export type UploadSession = OpenUpload | CommittingUpload | DoneUpload | CancelledUpload;

const storeUpload = z.object({ handle: z.json() }).nullable();
const base = { repository: repositoryField, expiresAt: z.number().nonnegative() };
const Header = z.discriminatedUnion('state', [
  z.object({
    ...base,
    state: z.literal('open'),
    dataKey: z.string(),
    upload: storeUpload,
    partBytes: z.int().positive(),
    parts: z.array(z.tuple([sizeField, z.string()])),
    hash: z.object({ algorithm: z.literal('sha256'), state: z.string() }).nullable(),
    digestSoFar: digestField.nullable(),
    offset: sizeField,
  }),
  z.object({
    ...base,
    state: z.literal('committing'),
    digest: digestField,
    dataKey: z.string(),
    sizeBytes: sizeField,
  }),
  z.object({ ...base, state: z.literal('done'), digest: digestField }),
  z.object({ ...base, state: z.literal('cancelled'), dataKey: z.string().nullable(), upload: storeUpload }),
]);

const NEWLINE = 0x0a;

export function newUpload(repository: RepositoryName, expiresAt: number, partBytes: number): OpenUpload {
  return {
    state: 'open',
    repository,
    expiresAt,
    dataKey: keys.data(randomId()),
    upload: null,
    partBytes,
    parts: [],
    hash: null,
    digestSoFar: null,
    tail: Buffer.alloc(0),
  };
}

export function bytesInParts(upload: UploadProgress): number {
  return upload.parts.reduce((sum, [sizeBytes]) => sum + sizeBytes, 0);
}

/** How many bytes of the upload are kept: where the next ones go. */
export function offsetOf(upload: OpenUpload): number {
  return bytesInParts(upload) + upload.tail.length;
}

/** Whether no byte was ever kept. */
export function isFresh(upload: OpenUpload): boolean {
  return upload.parts.length === 0 && upload.tail.length === 0;
}

/** A session as it was read or written: `version` is `undefined` while nothing is stored. */
export interface Stored<T extends UploadSession = UploadSession> {
  readonly session: T;
  readonly version: Version | undefined;
}

/** A session without the bytes behind its last part. */
export type UploadHeader = z.infer<typeof Header>;

/** Session objects: one line of JSON and, while the upload is open, the bytes behind the last part. */
export class UploadSessions {
  constructor(private readonly store: Pick<ObjectStore, 'capabilities' | 'get' | 'put' | 'open' | 'delete'>) {}

  async read(uploadId: string, o: CallOptions = {}): Promise<Stored | undefined> {
    const key = keys.upload(uploadId);
    const found = await this.store.get(key, { signal: o.signal });
    return found && { session: decode(found.body, key), version: found.info.version };
  }

  /** The session without the bytes behind its last part. */
  async readHeader(
    uploadId: string,
    o: CallOptions = {},
  ): Promise<{ header: UploadHeader; version: Version } | undefined> {
    const key = keys.upload(uploadId);
    const opened = await this.store.open(key, { signal: o.signal });
    if (opened === undefined) return undefined;
    const line: Buffer[] = [];
    for await (const chunk of opened.body as AsyncIterable<Buffer>) {
      const end = chunk.indexOf(NEWLINE);
      line.push(end < 0 ? chunk : chunk.subarray(0, end));
      if (end >= 0) break;
    }
    return { header: decodeJson(Header, Buffer.concat(line), key), version: opened.info.version };
  }

  /** `undefined` means that another wrote the session since it was read. */
  async write<T extends UploadSession>(
    uploadId: string,
    session: T,
    over: Version | undefined,
    o: CallOptions = {},
  ): Promise<Stored<T> | undefined> {
    const condition = over === undefined ? ({ ifAbsent: true } as const) : { ifVersion: over };
    const put = await this.store.put(keys.upload(uploadId), encode(session), condition, { signal: o.signal });
    return put === 'conflict' ? undefined : { session, version: put.version };
  }

  /** Removes a session that is over. Where only a blind delete is to be had, what may be lost is the mark that it is `done`. */
  async remove(uploadId: string, ifVersion: Version, o: CallOptions = {}): Promise<void> {
    const condition = this.store.capabilities.conditionalDelete ? { ifVersion } : ({ blind: true } as const);
    await this.store.delete(keys.upload(uploadId), condition, { signal: o.signal });
  }
}

function encode(session: UploadSession): Buffer {
  if (session.state !== 'open') return encodeJson(session);
  const { tail, ...header } = session;
  return Buffer.concat([encodeJson({ ...header, offset: offsetOf(session) }), Buffer.of(NEWLINE), tail]);
}

/** @throws StorageError corrupt */
function decode(body: Buffer, key: string): UploadSession {
  const end = body.indexOf(NEWLINE);
  const header = decodeJson(Header, end < 0 ? body : body.subarray(0, end), key);
  if (header.state !== 'open') return header;
  const { offset, ...open } = header;
  const session: OpenUpload = { ...open, tail: end < 0 ? Buffer.alloc(0) : body.subarray(end + 1) };
  if (offsetOf(session) === offset) return session;
  throw new StorageError('corrupt', 'an upload session does not hold the bytes it says it holds', { key });
}
