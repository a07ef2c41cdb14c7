import type { GcsStoreOptions } from '@atoll/storage-gcs';

const PROXIES = ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'https_proxy', 'http_proxy', 'no_proxy'];

/**
 * What the environment gives to open buckets of Cloud Storage with, by the names that Google's own tools read. No file named: the
 * identity of the process, which Google's own library finds.
 */
export function gcsEnvironment(
  env: NodeJS.ProcessEnv = process.env,
): Required<Pick<GcsStoreOptions, 'proxies'>> & Pick<GcsStoreOptions, 'credentials'> {
  const file = env['GOOGLE_APPLICATION_CREDENTIALS'] ?? '';
  const proxies = Object.fromEntries(PROXIES.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  return { proxies, ...(file !== '' && { credentials: { file } }) };
}
