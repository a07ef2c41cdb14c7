import type { Readable } from 'node:stream';

/** Opaque, and never repeated for one key: equal means the object was not written in between. */
export type Version = string;

export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  readonly version: Version;
  readonly modified: Date;
}

export type PutCondition = { readonly ifAbsent: true } | { readonly ifVersion: Version } | { readonly blind: true };
export type DeleteCondition = { readonly ifVersion: Version } | { readonly blind: true };

export type PutOutcome = { version: Version } | 'conflict';
export type DeleteOutcome = 'deleted' | 'absent' | 'conflict';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface PutOptions extends CallOptions {
  /**
   * The object will probably be deleted in a moment, without a condition. A driver may then spare itself some of what makes it last;
   * it is durable all the same, and every call of this store finds it. Who reads beside this process may find it later than it was
   * acknowledged. The version that such a put answers is good as a condition, but a read may call it by another name.
   */
  readonly shortLived?: boolean;
}

/** One of several puts that are carried out in order. */
export interface OrderedPut {
  readonly key: string;
  readonly body: Uint8Array;
  readonly condition: PutCondition;
}

export interface ListOptions extends CallOptions {
  readonly after?: string;
  readonly limit: number;
}

export interface Listed {
  readonly entries: ObjectInfo[];
  readonly more: boolean;
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export interface PartPlace {
  readonly number: number;
  readonly offsetBytes: number;
  readonly sizeBytes?: number;
}

/** What the store acknowledged of one part; plain JSON, kept in the upload's session. */
export interface PartReceipt {
  readonly number: number;
  readonly sizeBytes: number;
  /** What the driver needs to name exactly these bytes again: an ETag, a block id. Empty where offsets suffice. */
  readonly tag: string;
}

export interface Capabilities {
  /** Whether `delete` honours `ifVersion`. */
  readonly conditionalDelete: boolean;
  readonly presign: boolean;
  /** How a data object is written in parts. The last part may be smaller than `minBytes`. */
  readonly parts: {
    readonly minBytes: number;
    readonly maxCount: number;
    /** All parts but the last must have one size. */
    readonly equal: boolean;
    /** A part of unknown length may be streamed; otherwise its bytes are buffered and its size is known. */
    readonly streamed: boolean;
  };
}

/** A setting of a bucket that matters to a registry. */
export interface BucketSetting {
  readonly name: string;
  /** `costs`: room or money. `harmful`: data are lost or writes refused by it. */
  readonly verdict: 'fine' | 'costs' | 'harmful' | 'unknown';
  readonly meaning: string;
}

/** An open file of this process that takes bytes from a position on. */
export interface ChunkFile {
  readonly descriptor: number;
  readonly positionBytes: number;
  /** Told now and then how many bytes were written so far; no more chunks are asked for before it resolves. */
  readonly written: (sizeBytes: number) => Promise<void>;
}

/** A chunk's memory may be used for something else as soon as the next one is asked for: whoever keeps bytes copies them. */
export interface Chunks extends AsyncIterable<Uint8Array> {
  /**
   * In place of iterating: writes all bytes to a file, without flushing it, and answers how many they were. Whoever hands its bytes to
   * another thread anyway has them written there; they are many. Nothing writes to the file once it has settled.
   * @throws what the chunks throw, or what the system says of a write
   */
  readonly writeTo?: (file: ChunkFile, options?: CallOptions) => Promise<number>;
}

/**
 * What Atoll asks of an object store (docs/drivers/contract.md). Each key is linearizable; a listing returns every key that exists
 * throughout it, in byte order. A conflict is a value, never an exception, and the outcome of an ambiguous small write is settled
 * inside the driver. Everything else that goes wrong is a StorageError.
 */
export interface ObjectStore {
  /** For logs and messages, without secrets: `file:///data/eu`. */
  readonly url: string;
  readonly capabilities: Capabilities;
  /** Absent in a driver. */
  readonly wraps?: ReadableStore | undefined;

  /** A small object, whole. */
  get(key: string, options?: CallOptions): Promise<{ info: ObjectInfo; body: Buffer } | undefined>;

  /**
   * The version that `get` would answer at this moment, where the driver knows it without asking anybody; `undefined` tells nothing.
   * Absent in a driver that always has to ask.
   */
  versionAtHand?(key: string): Version | undefined;

  /** Bytes `[start, end)`, the whole object by default. The caller drains, lends (LendingBody) or destroys `body`. */
  open(
    key: string,
    options?: CallOptions & { readonly start?: number; readonly end?: number },
  ): Promise<{ info: ObjectInfo; body: Readable } | undefined>;

  head(key: string, options?: CallOptions): Promise<ObjectInfo | undefined>;

  /** A small object, whole: all of `body` becomes visible at once and durably, or none of it. */
  put(key: string, body: Uint8Array, condition: PutCondition, options?: PutOptions): Promise<PutOutcome>;

  /**
   * Small objects of different keys, one strictly after the other: none is ever there, to a reader or after a crash, without those in
   * front of it, and none happens after one that conflicts, whose outcome is the last that is answered. A failure leaves those up to
   * some point. Absent in a driver that would only put them one by one.
   */
  readonly putInOrder?: ((puts: readonly OrderedPut[], options?: CallOptions) => Promise<PutOutcome[]>) | undefined;

  /** Deleting what is not there is `absent`, so a repeat is safe. */
  delete(key: string, condition: DeleteCondition, options?: CallOptions): Promise<DeleteOutcome>;

  /** Keys that begin with `prefix` and sort after `after`, at most `limit` of them, in byte order. */
  list(prefix: string, options: ListOptions): Promise<Listed>;

  /** A data object in one stream: visible whole and durable, or not at all. `key` is never written twice. */
  putData(key: string, chunks: Chunks, options?: CallOptions): Promise<{ sizeBytes: number }>;

  /**
   * A data object copied from another bucket by the stores themselves, so that no byte of it passes through this process: visible whole
   * and durable, or not at all. `key` is nobody else's, so a repeat is safe. `undefined`, and nothing visible, where these two ends
   * cannot, where this bucket may not read the other, and where nothing is at `sourceKey`: the caller streams, and finds out.
   * @throws StorageError `corrupt` when the source is not `sizeBytes` long
   */
  copyFrom(
    source: ReadableStore,
    sourceKey: string,
    key: string,
    options: CallOptions & { readonly sizeBytes: number },
  ): Promise<{ sizeBytes: number } | undefined>;

  /** Begins a data object that is written in parts, by this or another process; the answer goes into the session. */
  beginData(key: string, options?: CallOptions): Promise<Json>;

  /**
   * Writes one part durably. A part written again under the same number replaces it, as long as the data object is not complete.
   * A caller that knows how much the chunks hold says so (`sizeBytes`), which spares some drivers a copy.
   * The caller lets one writer at a time write to an upload where `parts.streamed` holds.
   */
  writePart(key: string, upload: Json, part: PartPlace, chunks: Chunks, options?: CallOptions): Promise<PartReceipt>;

  /** Makes the data object visible from its parts, without copying bytes. Safe to repeat once it has succeeded. */
  completeData(
    key: string,
    upload: Json,
    parts: readonly PartReceipt[],
    options?: CallOptions,
  ): Promise<{ sizeBytes: number }>;

  /** Frees the parts of an upload that will not be completed. Safe to repeat. */
  abortData(key: string, upload: Json, options?: CallOptions): Promise<void>;

  /** A URL from which the holder may read the object for a while, or `undefined` where `presign` does not hold. */
  presignGet(
    key: string,
    options: { readonly ttlSeconds: number; readonly contentType: string },
  ): Promise<string | undefined>;

  /** What the bucket's own settings mean, where the driver can ask; what may not be asked is `unknown`. Asked once, when a region starts. */
  inspect?(options?: CallOptions): Promise<readonly BucketSetting[]>;

  close(): Promise<void>;
}

/** What a peer's bucket is opened as. */
export type ReadableStore = Pick<
  ObjectStore,
  'url' | 'wraps' | 'capabilities' | 'get' | 'open' | 'head' | 'list' | 'presignGet' | 'close'
>;

/** The driver behind whatever wraps it: what `copyFrom` looks at to know its own kind. */
export function driverOf(store: ReadableStore): ReadableStore {
  return store.wraps ? driverOf(store.wraps) : store;
}
