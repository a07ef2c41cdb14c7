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
const PREFIX_SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9!_.*'()@:=+-]{1,255}$/;

/** What is wrong with the URL of a container, to follow its name in a sentence. `undefined` where nothing is. */
export function faultOfAzureUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== 'az:') return 'must begin with az://';
  // What stands there may be a key or a signature, so it is not repeated.
  if (url.username !== '' || url.password !== '') return 'must hold no credentials: the environment has them';
  const [container = '', ...segments] = pathOf(url);
  if (!ACCOUNT.test(url.host)) return 'must name a storage account first, such as az://account/container/prefix';
  if (!CONTAINER.test(container)) return 'must name a container behind the account, such as az://account/container';
  if (!segments.every((segment) => PREFIX_SEGMENT.test(segment))) {
    return 'has a prefix with an empty segment or with a character that keys do not have';
  }
  if (url.hash !== '') return 'must not hold a #';
  return faultOfQuery(url.searchParams);
}

/** @throws TypeError for a URL that `faultOfAzureUrl` objects to */
export function parseAzureUrl(text: string): AzureLocation {
  const fault = faultOfAzureUrl(text);
  if (fault !== undefined) throw new TypeError(`the container's URL ${fault}`);
  const url = new URL(text);
  const [container = '', ...segments] = pathOf(url);
  const endpoint = url.searchParams.get('endpoint');
  return {
    account: url.host,
    container,
    prefix: segments.map((segment) => `${segment}/`).join(''),
    ...(endpoint !== null && { endpoint: endpoint.replace(/\/$/, '') }),
  };
}

function pathOf({ pathname }: URL): string[] {
  return pathname.replace(/^\//, '').replace(/\/$/, '').split('/');
}

function faultOfQuery(query: URLSearchParams): string | undefined {
  // A shared access signature is made of parameters, so their values are not repeated either.
  if ([...query.keys()].some((name) => name !== 'endpoint')) return 'may have no parameter but endpoint';
  if (query.getAll('endpoint').length > 1) return 'gives endpoint twice';
  const text = query.get('endpoint');
  if (text === null) return undefined;
  const endpoint = URL.parse(text);
  if (endpoint === null || !['http:', 'https:'].includes(endpoint.protocol)) {
    return 'must have an endpoint such as https://account.blob.core.windows.net';
  }
  if (endpoint.username !== '' || endpoint.password !== '' || endpoint.search !== '' || endpoint.hash !== '') {
    return 'must have an endpoint without credentials or parameters';
  }
  return undefined;
}
