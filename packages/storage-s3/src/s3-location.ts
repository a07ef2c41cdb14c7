import { faultOfPrefix, prefixOf, segmentsOf } from '@atoll/storage';

/** Where a region's objects are, as its URL says: `s3://bucket/prefix?endpoint=https://host&region=eu-west-1&path-style=true`. */
export interface S3Location {
  readonly bucket: string;
  /** What stands before every key: empty, or segments that end with a slash. */
  readonly prefix: string;
  /** Absent for Amazon's own. */
  readonly endpoint?: string;
  /** Absent where the environment or the profile tells it. */
  readonly region?: string;
  /** The bucket stands in the path, not in the host name. */
  readonly pathStyle: boolean;
  /** The server wants all parts of an upload but the last to have one size. */
  readonly equalParts: boolean;
}

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const KNOWN = ['endpoint', 'region', 'path-style', 'equal-parts'];
/** What is either true or false. */
const SWITCHES = ['path-style', 'equal-parts'];
/** Cloudflare's R2. */
const WANTS_EQUAL_PARTS = /(^|\.)r2\.cloudflarestorage\.com$/;

/** What is wrong with the URL of an S3 bucket, to follow its name in a sentence. `undefined` where nothing is. */
export function faultOfS3Url(text: string): string | undefined {
  const url = URL.parse(text);
  if (url?.protocol !== 's3:') return 'must begin with s3://';
  // What stands there may be a password, so it is not repeated.
  if (url.username !== '' || url.password !== '') return 'must hold no credentials: the environment has them';
  if (!BUCKET.test(url.hostname)) return 'must name a bucket after s3://, such as s3://my-bucket/prefix';
  if (url.hash !== '') return 'must not hold a #';
  return faultOfPrefix(segmentsOf(url)) ?? faultOfQuery(url.searchParams);
}

/** @throws TypeError for a URL that `faultOfS3Url` objects to */
export function parseS3Url(text: string): S3Location {
  const fault = faultOfS3Url(text);
  if (fault !== undefined) throw new TypeError(`the URL of the bucket ${fault}`);
  const url = new URL(text);
  const endpoint = url.searchParams.get('endpoint');
  const region = url.searchParams.get('region');
  const pathStyle = url.searchParams.get('path-style');
  const equalParts = url.searchParams.get('equal-parts');
  return {
    bucket: url.hostname,
    prefix: prefixOf(segmentsOf(url)),
    ...(endpoint !== null && { endpoint: new URL(endpoint).origin }),
    ...(region !== null && { region }),
    // On a server of one's own, buckets rarely have host names.
    pathStyle: pathStyle === null ? endpoint !== null : pathStyle === 'true',
    equalParts: equalParts === null ? wantsEqualParts(endpoint) : equalParts === 'true',
  };
}

function wantsEqualParts(endpoint: string | null): boolean {
  return endpoint !== null && WANTS_EQUAL_PARTS.test(new URL(endpoint).hostname);
}

function faultOfQuery(query: URLSearchParams): string | undefined {
  for (const name of query.keys()) {
    if (!KNOWN.includes(name)) return `has an unknown parameter ${name}; known are ${KNOWN.join(', ')}`;
    if (query.getAll(name).length > 1) return `gives ${name} twice`;
  }
  for (const name of SWITCHES) {
    if (!['true', 'false'].includes(query.get(name) ?? 'true')) return `must have ${name}=true or ${name}=false`;
  }
  const region = query.get('region');
  if (region !== null && !/^[A-Za-z0-9-]{1,64}$/.test(region)) return 'must have a region such as eu-west-1';
  return faultOfEndpoint(query.get('endpoint'));
}

function faultOfEndpoint(text: string | null): string | undefined {
  if (text === null) return undefined;
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    return 'must have an endpoint such as https://s3.example.com';
  }
  if (url.username !== '' || url.password !== '') return 'must have an endpoint without credentials';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return 'must have an endpoint without a path';
  return undefined;
}
