/** Where a region's objects are, as its URL says: `gs://bucket/prefix?endpoint=https://host`. */
export interface GcsLocation {
  readonly bucket: string;
  /** What stands before every key: empty, or segments that end with a slash. */
  readonly prefix: string;
  /** Without a slash at its end. Google's own where the URL names none. */
  readonly endpoint: string;
}

const GOOGLE = 'https://storage.googleapis.com';

/** Cloud Storage, "Bucket name requirements"; a name of a domain may be longer, in parts of at most 63. */
const BUCKET = /^(?=.{3,222}$)(?!goog)(?!.*\.\.)[a-z0-9][a-z0-9._-]*[a-z0-9]$/;
const PREFIX_SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9!_.*'()@:=+-]{1,255}$/;

/** What is wrong with the URL of a bucket, to follow its name in a sentence. `undefined` where nothing is. */
export function faultOfGcsUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== 'gs:') return 'must begin with gs://';
  // What stands there may be a secret, so it is not repeated.
  if (url.username !== '' || url.password !== '') return 'must hold no credentials: the environment has them';
  if (!BUCKET.test(url.host)) return 'must name a bucket first, such as gs://bucket/prefix';
  if (!segmentsOf(url).every((segment) => PREFIX_SEGMENT.test(segment))) {
    return 'has a prefix with an empty segment or with a character that keys do not have';
  }
  if (url.hash !== '') return 'must not hold a #';
  return faultOfQuery(url.searchParams);
}

/** @throws TypeError for a URL that `faultOfGcsUrl` objects to */
export function parseGcsUrl(text: string): GcsLocation {
  const fault = faultOfGcsUrl(text);
  if (fault !== undefined) throw new TypeError(`the bucket's URL ${fault}`);
  const url = new URL(text);
  return {
    bucket: url.host,
    prefix: segmentsOf(url)
      .map((segment) => `${segment}/`)
      .join(''),
    endpoint: (url.searchParams.get('endpoint') ?? GOOGLE).replace(/\/$/, ''),
  };
}

function segmentsOf({ pathname }: URL): string[] {
  const path = pathname.replace(/^\//, '').replace(/\/$/, '');
  return path === '' ? [] : path.split('/');
}

function faultOfQuery(query: URLSearchParams): string | undefined {
  if ([...query.keys()].some((name) => name !== 'endpoint')) return 'may have no parameter but endpoint';
  if (query.getAll('endpoint').length > 1) return 'gives endpoint twice';
  const text = query.get('endpoint');
  if (text === null) return undefined;
  const endpoint = URL.parse(text);
  if (endpoint === null || !['http:', 'https:'].includes(endpoint.protocol)) {
    return 'must have an endpoint such as https://storage.googleapis.com';
  }
  if (endpoint.username !== '' || endpoint.password !== '' || endpoint.search !== '' || endpoint.hash !== '') {
    return 'must have an endpoint without credentials or parameters';
  }
  return undefined;
}
