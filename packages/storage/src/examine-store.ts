import { randomUUID } from 'node:crypto';
import { keys } from './key-layout.js';
import type { BucketSetting, CallOptions, ObjectStore, ReadableStore } from './object-store.js';
import { removeProbes, storePromises } from './probe-store.js';
import { isStorageError, StorageError } from './storage-error.js';

/** What came of trying one thing. */
export interface Finding {
  readonly tried: string;
  /** `missing`: the store cannot do it, and need not. `failed`: no registry here before it is mended. */
  readonly outcome: 'passed' | 'missing' | 'failed';
  /** What it means, in a sentence. */
  readonly meaning: string;
  /** What went wrong, where something did. */
  readonly cause?: unknown;
}

interface Trial {
  readonly tried: string;
  readonly passed: string;
  /** Absent where the store has to be able to do it. */
  readonly missing?: string;
  /** Answers whether it can. */
  readonly run: (options: CallOptions) => Promise<boolean>;
}

export interface ExamineOptions extends CallOptions {
  /** What one trial may take; a store that does not answer at all must not hold up who asks about it. */
  readonly limitMs?: number;
}

const LIMIT_MS = 15_000;
const SAMPLE = Buffer.from('a few bytes, to see whether they come back');
const COPIED_BYTES = 8 * 1_048_576;
const SIGNED = { ttlSeconds: 1200, contentType: 'application/octet-stream' };

/** Tries everything that a region asks of its bucket, and removes what it wrote. Ends early where there is no answer, or no right at all. */
export async function* examineStore(store: ObjectStore, o: ExamineOptions = {}): AsyncGenerator<Finding> {
  const folder = keys.probe(randomUUID());
  yield* tryAll([...readTrials(store), ...promiseTrials(store, folder), ...dataTrials(store, folder)], store.url, o);
}

/**
 * Uploads a few bytes in parts and gives another upload up, as `probeStore` does with small objects, and removes what it wrote.
 * @throws StorageError, such as 'denied' without the right to free uploads
 */
export async function proveUploads(store: ObjectStore, o: CallOptions = {}): Promise<void> {
  const folder = keys.probe(randomUUID());
  try {
    await uploadsInParts(store, `${folder}parts`, o);
    await givesUp(store, `${folder}given-up`, o);
  } catch (cause) {
    await removeProbes(store, folder, o).catch(() => undefined);
    throw cause;
  }
  await removeProbes(store, folder, o);
}

/** What the settings of the bucket mean; nothing where the driver cannot ask. Never fails: what is not told in time is not known. */
export async function examineSettings(
  store: ObjectStore,
  { signal, limitMs = LIMIT_MS }: ExamineOptions = {},
): Promise<Finding[]> {
  const inspect = store.inspect?.bind(store);
  if (inspect === undefined) return [];
  const settings = await inTime((inner) => inspect({ signal: inner }), store.url, { signal, limitMs }).catch(
    (cause: unknown): BucketSetting[] => {
      signal?.throwIfAborted();
      const said = cause instanceof Error ? cause.message : String(cause);
      return [{ name: 'settings', verdict: 'unknown', meaning: `the settings of the bucket were not seen: ${said}` }];
    },
  );
  const outcomes = { fine: 'passed', costs: 'missing', unknown: 'missing', harmful: 'failed' } as const;
  return settings.map(({ name, verdict, meaning }) => {
    const finding = { tried: name, outcome: outcomes[verdict], meaning };
    const cause = new StorageError('unsupported', meaning);
    return verdict === 'harmful' ? { ...finding, cause } : finding;
  });
}

/** Tries what a region asks of another's bucket; writes nothing. */
export async function* examinePeer(store: ReadableStore, o: ExamineOptions = {}): AsyncGenerator<Finding> {
  yield* tryAll(readTrials(store), store.url, o);
}

/** Tries to copy a small blob of a peer, and removes the copy; `undefined` where the peer has none that is small. */
export async function examineCopy(
  store: ObjectStore,
  peer: ReadableStore,
  o: ExamineOptions = {},
): Promise<Finding | undefined> {
  const { entries } = await peer.list('d/', { signal: o.signal, limit: 100 });
  const small = entries.find(({ sizeBytes }) => sizeBytes <= COPIED_BYTES);
  if (small === undefined) return undefined;
  const folder = keys.probe(randomUUID());
  const copies = async ({ signal }: CallOptions): Promise<boolean> => {
    const { key, sizeBytes } = small;
    const copied = await store.copyFrom(peer, key, `${folder}copy`, { sizeBytes, signal });
    await removeProbes(store, folder, { signal });
    return copied !== undefined;
  };
  const trial = {
    tried: 'copy',
    passed: 'its blobs are copied from bucket to bucket',
    missing: 'its blobs pass through the worker: the two buckets cannot copy from each other, or may not',
    run: copies,
  };
  return tryOne(trial, store.url, o);
}

async function* tryAll(trials: readonly Trial[], url: string, o: ExamineOptions): AsyncGenerator<Finding> {
  let failed = 0;
  for (const [index, trial] of trials.entries()) {
    const finding = await tryOne(trial, url, o);
    yield finding;
    if (isStorageError(finding.cause, 'unavailable')) return;
    if (finding.outcome === 'failed') failed++;
    // Who may neither read nor list is not who they should be: the rest would say the same.
    if (index === 1 && failed === 2) return;
  }
}

async function tryOne(trial: Trial, url: string, { signal, limitMs = LIMIT_MS }: ExamineOptions): Promise<Finding> {
  const { tried, passed, missing } = trial;
  signal?.throwIfAborted();
  try {
    if (await inTime((inner) => trial.run({ signal: inner }), url, { signal, limitMs })) {
      return { tried, outcome: 'passed', meaning: passed };
    }
    return { tried, outcome: missing === undefined ? 'failed' : 'missing', meaning: missing ?? passed };
  } catch (cause) {
    signal?.throwIfAborted();
    return { tried, outcome: 'failed', meaning: cause instanceof Error ? cause.message : String(cause), cause };
  }
}

/**
 * Runs a task that may not answer, nor listen to its signal.
 * @throws StorageError 'unavailable' when its time is over; otherwise what the task throws
 */
export async function inTime<T>(
  task: (signal: AbortSignal) => Promise<T>,
  url: string,
  { signal, limitMs }: CallOptions & { readonly limitMs: number },
): Promise<T> {
  const over = new AbortController();
  const late = new StorageError('unavailable', `${url} does not answer within ${limitMs / 1000} s`);
  const timer = setTimeout(() => over.abort(late), limitMs);
  const either = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
  let stop: (() => void) | undefined;
  try {
    either.throwIfAborted();
    const stopped = new Promise<never>((_resolve, reject) => {
      stop = () => reject(either.reason as Error);
      either.addEventListener('abort', stop, { once: true });
    });
    return await Promise.race([task(either), stopped]);
  } catch (cause) {
    // A driver may wrap the reason into an error of its own.
    throw over.signal.aborted ? late : cause;
  } finally {
    clearTimeout(timer);
    if (stop) either.removeEventListener('abort', stop);
  }
}

function readTrials(store: ReadableStore): Trial[] {
  return [
    {
      tried: 'read',
      passed: 'the bucket answers, and objects can be read',
      run: async (o) => [await store.get(keys.region, o)].length === 1,
    },
    {
      tried: 'list',
      passed: 'objects can be listed',
      run: async (o) => (await store.list('', { ...o, limit: 1 })).entries.length <= 1,
    },
  ];
}

function promiseTrials(store: ObjectStore, folder: string): Trial[] {
  return storePromises.map(({ name, kept, broken, required, check }) => ({
    tried: name,
    passed: kept,
    ...(!required && { missing: broken }),
    run: async (o) => {
      if (await check(store, folder, o)) return true;
      if (required) throw new StorageError('unsupported', `${store.url} cannot hold a registry: ${broken}`);
      return false;
    },
  }));
}

function dataTrials(store: ObjectStore, folder: string): Trial[] {
  return [
    {
      tried: 'upload in parts',
      passed: 'a blob can be uploaded in parts by several processes',
      run: (o) => uploadsInParts(store, `${folder}parts`, o),
    },
    {
      tried: 'give an upload up',
      passed: 'what is left of an upload that was given up can be freed',
      run: (o) => givesUp(store, `${folder}given-up`, o),
    },
    {
      tried: 'signed URLs',
      passed: 'clients can be sent to the bucket for the bytes of blobs (ATOLL_REDIRECTS)',
      missing: 'clients cannot be sent to the bucket for the bytes of blobs: ATOLL_REDIRECTS has no effect',
      run: (o) => signs(store, `${folder}parts`, o),
    },
    {
      tried: 'delete',
      passed: 'objects can be deleted, and nothing of these trials is left',
      run: async (o) => {
        await removeProbes(store, folder, o);
        return (await store.list(folder, { ...o, limit: 1 })).entries.length === 0;
      },
    },
  ];
}

async function uploadsInParts(store: ObjectStore, key: string, o: CallOptions): Promise<boolean> {
  const upload = await store.beginData(key, o);
  const receipt = await store.writePart(key, upload, { number: 1, offsetBytes: 0 }, oneChunk(), o);
  await store.completeData(key, upload, [receipt], o);
  if ((await store.get(key, o))?.body.equals(SAMPLE)) return true;
  throw new StorageError('corrupt', `${store.url} gave back other bytes than were uploaded`, { key });
}

async function givesUp(store: ObjectStore, key: string, o: CallOptions): Promise<boolean> {
  const upload = await store.beginData(key, o);
  await store.writePart(key, upload, { number: 1, offsetBytes: 0 }, oneChunk(), o);
  await store.abortData(key, upload, o);
  return true;
}

/** As a client would use it: without credentials. */
async function signs(store: ObjectStore, key: string, { signal }: CallOptions): Promise<boolean> {
  const url = store.capabilities.presign ? await store.presignGet(key, SIGNED) : undefined;
  if (url === undefined) return false;
  const answer = await fetch(url, { signal: signal ?? null });
  const body = Buffer.from(await answer.arrayBuffer());
  if (answer.ok && body.equals(SAMPLE)) return true;
  // Without the URL: whoever has it may read the object.
  throw new StorageError('denied', `${store.url} answers a signed URL with status ${answer.status}`);
}

async function* oneChunk(): AsyncGenerator<Uint8Array> {
  yield SAMPLE;
}
