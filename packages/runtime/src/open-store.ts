import { fileURLToPath } from 'node:url';
import {
  asFound,
  examineSettings,
  inTime,
  isStorageError,
  probeStore,
  proveUploads,
  StorageError,
  type CallOptions,
  type Finding,
  type ObjectStore,
  type ProbeFindings,
  type ReadableStore,
} from '@atoll/storage';
import { azureCredentials } from './config-azure.js';
import { ConfigError } from './config-error.js';
import { gcsEnvironment } from './config-gcs.js';
import { proxyEnvironment } from './config-proxies.js';
import { storageUrl } from './config-values.js';
import type { Logger } from './logger.js';

/** Far above what some 35 requests take; a start that waits for ever tells nobody what is wrong. */
const PROBE_LIMIT_MS = 60_000;

/** Opens a bucket that this process will not write: a peer's, or any region's for a look. */
export async function openReadOnlyStore(url: string, { log }: LogOptions = {}): Promise<ReadableStore> {
  return openDriver(url, { readOnly: true, log });
}

export interface LogOptions {
  /** Told what the bucket's settings cost, which of them could not be seen, and later of an identity that is not renewed. */
  readonly log?: Pick<Logger, 'warn'> | undefined;
}

/**
 * Opens a region's own bucket, and proves that it keeps the promises everything above it stands on, and that none of its settings
 * endangers what is kept there, before anything is written.
 * @throws ConfigError for a URL that names no bucket
 * @throws StorageError `locked` when another process has it, `read-only`, `denied`, `unsupported` when a promise is not kept or a
 *   setting is harmful
 */
export async function openStore(url: string, { signal, log }: CallOptions & LogOptions = {}): Promise<ObjectStore> {
  const store = await openDriver(url, { readOnly: false, log });
  try {
    const proved = await prove(store, { signal });
    const findings = await examineSettings(store, { signal });
    const harm = harmIn(findings, store.url);
    if (harm) throw harm;
    if (log) warnOf(findings, log);
    return asFound(store, proved);
  } catch (cause) {
    await store.close();
    throw cause;
  }
}

/** Where a promise is not kept because of a setting, the setting says more. */
async function prove(store: ObjectStore, options: CallOptions): Promise<ProbeFindings> {
  const proof = async (signal: AbortSignal): Promise<ProbeFindings> => {
    const findings = await probeStore(store, { signal });
    await proveUploads(store, { signal });
    return findings;
  };
  try {
    return await inTime(proof, store.url, { ...options, limitMs: PROBE_LIMIT_MS });
  } catch (cause) {
    if (!isStorageError(cause) || cause.kind === 'unavailable') throw cause;
    throw harmIn(await examineSettings(store, options), store.url) ?? cause;
  }
}

function harmIn(findings: readonly Finding[], url: string): StorageError | undefined {
  const harm = findings.find(({ outcome }) => outcome === 'failed');
  return harm && new StorageError('unsupported', `${url}: ${harm.meaning}`);
}

/** One line for each meaning. */
function warnOf(findings: readonly Finding[], log: Pick<Logger, 'warn'>): void {
  const lacking = findings.filter(({ outcome }) => outcome === 'missing');
  for (const meaning of new Set(lacking.map((finding) => finding.meaning))) {
    const settings = lacking.filter((finding) => finding.meaning === meaning).map(({ tried }) => tried);
    log.warn('settings of the bucket', { settings: settings.join(', '), meaning });
  }
}

/** Opens a bucket to write to it without having it proved: for who proves it. @throws as {@link openStore} */
export async function openUnprovedStore(url: string): Promise<ObjectStore> {
  return openDriver(url, { readOnly: false });
}

/** The driver is loaded only when it is chosen, so that a process pays for no other cloud's SDK. */
async function openDriver(
  url: string,
  { readOnly, log }: LogOptions & { readonly readOnly: boolean },
): Promise<ObjectStore> {
  const checked = storageUrl.safeParse(url);
  if (!checked.success) throw new ConfigError(checked.error.issues.map(({ message }) => `the bucket's URL ${message}`));
  if (url.startsWith('s3:')) {
    const { S3Store } = await import('@atoll/storage-s3');
    return new S3Store({ url, readOnly, proxies: proxyEnvironment() });
  }
  if (url.startsWith('az:')) {
    const { AzureStore } = await import('@atoll/storage-azure');
    return new AzureStore({ url, readOnly, credentials: azureCredentials() });
  }
  if (url.startsWith('gs:')) {
    const { GcsStore } = await import('@atoll/storage-gcs');
    return new GcsStore({ url, readOnly, log, ...gcsEnvironment() });
  }
  const { FsStore } = await import('@atoll/storage-fs');
  return FsStore.open({ root: fileURLToPath(url), readOnly });
}
