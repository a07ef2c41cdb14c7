import { fileURLToPath } from 'node:url';
import { asFound, inTime, probeStore, type CallOptions, type ObjectStore, type ReadableStore } from '@atoll/storage';
import { azureCredentials } from './config-azure.js';
import { ConfigError } from './config-error.js';
import { gcsEnvironment } from './config-gcs.js';
import { proxyEnvironment } from './config-proxies.js';
import { storageUrl } from './config-values.js';

/** Far above what 25 requests take; a start that waits for ever tells nobody what is wrong. */
const PROBE_LIMIT_MS = 60_000;

/** Opens a bucket that this process will not write: a peer's, or any region's for a look. */
export async function openReadOnlyStore(url: string): Promise<ReadableStore> {
  return openDriver(url, true);
}

/**
 * Opens a region's own bucket, and proves that it keeps the promises everything above it stands on before anything is written.
 * @throws ConfigError for a URL that names no bucket
 * @throws StorageError `locked` when another process has it, `read-only`, `denied`, `unsupported` when a promise is not kept
 */
export async function openStore(url: string, options: CallOptions = {}): Promise<ObjectStore> {
  const store = await openDriver(url, false);
  try {
    const probe = (signal: AbortSignal) => probeStore(store, { signal });
    return asFound(store, await inTime(probe, store.url, { ...options, limitMs: PROBE_LIMIT_MS }));
  } catch (cause) {
    await store.close();
    throw cause;
  }
}

/** Opens a bucket to write to it without having it proved: for who proves it. @throws as {@link openStore} */
export async function openUnprovedStore(url: string): Promise<ObjectStore> {
  return openDriver(url, false);
}

/** The driver is loaded only when it is chosen, so that a process pays for no other cloud's SDK. */
async function openDriver(url: string, readOnly: boolean): Promise<ObjectStore> {
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
    return new GcsStore({ url, readOnly, ...gcsEnvironment() });
  }
  const { FsStore } = await import('@atoll/storage-fs');
  return FsStore.open({ root: fileURLToPath(url), readOnly });
}
