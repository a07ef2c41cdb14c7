import type { GcsStoreOptions } from '@atoll/storage-gcs';
import { proxyEnvironment } from './config-proxies.js';

/**
 * What the environment gives to open buckets of Cloud Storage with, by the names that Google's own tools read. No file named: the
 * identity of the process, which Google's own library finds.
 */
export function gcsEnvironment(
  env: NodeJS.ProcessEnv = process.env,
): Required<Pick<GcsStoreOptions, 'proxies'>> & Pick<GcsStoreOptions, 'credentials'> {
  const file = env['GOOGLE_APPLICATION_CREDENTIALS'] ?? '';
  return { proxies: proxyEnvironment(env), ...(file !== '' && { credentials: { file } }) };
}
