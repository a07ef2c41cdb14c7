import { inTime, StorageError, USER_AGENT } from '@atoll/storage';
import type { TokenCredential } from '@azure/identity';
import { BlobServiceClient, StorageSharedKeyCredential, type StoragePipelineOptions } from '@azure/storage-blob';
import type { AzureLocation } from './azure-location.js';

/** What opens one account; an identity's token is used where nothing is given for it. */
export type AzureCredentials =
  { readonly connectionString: string } | { readonly account: string; readonly key: string } | TokenCredential;

/** One account, and how URLs to read from can be signed. A signature that was given cannot sign others. */
export type AzureService =
  | { readonly client: BlobServiceClient; readonly signs: 'key' | 'never' }
  | { readonly client: BlobServiceClient; readonly signs: 'identity'; readonly token: () => Promise<string> };

/** What a token is for. */
const SCOPE = 'https://storage.azure.com/.default';

/** The chain tries one source after the other, some of them for seconds, and has no limit of its own. */
const IDENTITY_MS = 20_000;

/** Every attempt is one of ours: the SDK's own would send a conditional write twice and tell of the second only. */
const OPTIONS: StoragePipelineOptions = {
  retryOptions: { maxTries: 1 },
  userAgentOptions: { userAgentPrefix: USER_AGENT },
};

/** @throws StorageError 'denied' for credentials that cannot be used there */
export function createService(location: AzureLocation, given: readonly AzureCredentials[]): AzureService {
  for (const credentials of given) {
    const service = serviceOf(location, credentials);
    if (service) return service;
  }
  return ofIdentity(location, lazyIdentity());
}

/** `undefined` for the credentials of another account. */
function serviceOf(location: AzureLocation, credentials: AzureCredentials): AzureService | undefined {
  if ('getToken' in credentials) return ofIdentity(location, credentials);
  if ('connectionString' in credentials) return ofConnectionString(location, credentials.connectionString);
  const { account, key } = credentials;
  return account === location.account ? ofKey(location, new StorageSharedKeyCredential(account, key)) : undefined;
}

function ofConnectionString(location: AzureLocation, text: string): AzureService | undefined {
  const client = readConnectionString(text);
  if (client.accountName !== location.account) return undefined;
  const { credential } = client;
  if (credential instanceof StorageSharedKeyCredential) {
    return location.endpoint === undefined ? { client, signs: 'key' } : ofKey(location, credential);
  }
  return { client, signs: 'never' };
}

/** What the SDK says of a connection string may hold some of it. */
function readConnectionString(text: string): BlobServiceClient {
  try {
    return BlobServiceClient.fromConnectionString(text, OPTIONS);
  } catch {
    throw new StorageError('denied', 'AZURE_STORAGE_CONNECTION_STRING is no connection string of a storage account');
  }
}

function ofKey(location: AzureLocation, credential: StorageSharedKeyCredential): AzureService {
  return { client: new BlobServiceClient(endpointOf(location), credential, OPTIONS), signs: 'key' };
}

function ofIdentity(location: AzureLocation, credential: TokenCredential): AzureService {
  const endpoint = endpointOf(location);
  if (!endpoint.startsWith('https:')) {
    throw new StorageError('denied', `${endpoint}: an identity's token is sent over https only; use a key or https`);
  }
  const token = async (): Promise<string> => (await credential.getToken(SCOPE))?.token ?? '';
  return { client: new BlobServiceClient(endpoint, credential, OPTIONS), signs: 'identity', token };
}

function endpointOf({ account, endpoint }: AzureLocation): string {
  return endpoint ?? `https://${account}.blob.core.windows.net`;
}

/** The chain of identities takes a third of a second to load, which who has a key should not wait for. */
function lazyIdentity(): TokenCredential {
  let chain: Promise<TokenCredential> | undefined;
  const load = async (): Promise<TokenCredential> => {
    const { DefaultAzureCredential } = await import('@azure/identity');
    return new DefaultAzureCredential();
  };
  const ask: TokenCredential['getToken'] = async (scopes, options) =>
    (await (chain ??= load())).getToken(scopes, options);
  const limits = { limitMs: IDENTITY_MS };
  return { getToken: (scopes, options) => inTime(() => ask(scopes, options), 'the identity of this process', limits) };
}
