import { faultOfEndpointQuery, faultOfPrefix, prefixOf, segmentsOf } from '@atoll/storage';

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

/** What is wrong with the URL of a bucket, to follow its name in a sentence. `undefined` where nothing is. */
export function faultOfGcsUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== 'gs:') return 'must begin with gs://';
  // What stands there may be a secret, so it is not repeated.
  if (url.username !== '' || url.password !== '') return 'must hold no credentials: the environment has them';
  if (!BUCKET.test(url.host)) return 'must name a bucket first, such as gs://bucket/prefix';
  const fault = faultOfPrefix(segmentsOf(url));
  if (fault !== undefined) return fault;
  if (url.hash !== '') return 'must not hold a #';
  return faultOfEndpointQuery(url.searchParams, 'https://storage.googleapis.com');
}

/** @throws TypeError for a URL that `faultOfGcsUrl` objects to */
export function parseGcsUrl(text: string): GcsLocation {
  const fault = faultOfGcsUrl(text);
  if (fault !== undefined) throw new TypeError(`the bucket's URL ${fault}`);
  const url = new URL(text);
  return {
    bucket: url.host,
    prefix: prefixOf(segmentsOf(url)),
    endpoint: (url.searchParams.get('endpoint') ?? GOOGLE).replace(/\/$/, ''),
  };
}
