import { faultOfEndpointQuery, faultOfPrefix, prefixOf, segmentsOf } from '@atoll/storage';

/** Where a region's objects are, as its URL says: `az://account/container/prefix?endpoint=https://host`. */
export interface AzureLocation {
  readonly account: string;
  readonly container: string;
  /** What stands before every key: empty, or segments that end with a slash. */
  readonly prefix: string;
  /** Of the account's blob service, without a slash at its end. Absent where the account's usual one is meant. */
  readonly endpoint?: string;
}

/** Names of accounts and containers: Azure Storage, "Naming and referencing containers, blobs, and metadata". */
const ACCOUNT = /^[a-z0-9]{3,24}$/;
const CONTAINER = /^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;

/** What is wrong with the URL of a container, to follow its name in a sentence. `undefined` where nothing is. */
export function faultOfAzureUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== 'az:') return 'must begin with az://';
  // What stands there may be a key or a signature, so it is not repeated.
  if (url.username !== '' || url.password !== '') return 'must hold no credentials: the environment has them';
  const [container = '', ...segments] = segmentsOf(url);
  if (!ACCOUNT.test(url.host)) return 'must name a storage account first, such as az://account/container/prefix';
  if (!CONTAINER.test(container)) return 'must name a container behind the account, such as az://account/container';
  const fault = faultOfPrefix(segments);
  if (fault !== undefined) return fault;
  if (url.hash !== '') return 'must not hold a #';
  return faultOfEndpointQuery(url.searchParams, 'https://account.blob.core.windows.net');
}

/** @throws TypeError for a URL that `faultOfAzureUrl` objects to */
export function parseAzureUrl(text: string): AzureLocation {
  const fault = faultOfAzureUrl(text);
  if (fault !== undefined) throw new TypeError(`the container's URL ${fault}`);
  const url = new URL(text);
  const [container = '', ...segments] = segmentsOf(url);
  const endpoint = url.searchParams.get('endpoint');
  return {
    account: url.host,
    container,
    prefix: prefixOf(segments),
    ...(endpoint !== null && { endpoint: endpoint.replace(/\/$/, '') }),
  };
}
