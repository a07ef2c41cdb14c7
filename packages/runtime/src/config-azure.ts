import type { AzureCredentials } from '@atoll/storage-azure';

/**
 * What the environment gives to open storage accounts with, by the names that Azure's own tools read. A connection string may be
 * followed by those of other accounts, with spaces or line breaks in between. Nothing given: the identity of the process.
 */
export function azureCredentials(env: NodeJS.ProcessEnv = process.env): AzureCredentials[] {
  const strings = (env['AZURE_STORAGE_CONNECTION_STRING'] ?? '').split(/\s+/).filter((text) => text !== '');
  const account = env['AZURE_STORAGE_ACCOUNT'] ?? '';
  const key = env['AZURE_STORAGE_KEY'] ?? '';
  return [
    ...strings.map((connectionString) => ({ connectionString })),
    ...(account === '' || key === '' ? [] : [{ account, key }]),
  ];
}
