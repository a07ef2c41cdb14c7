import type { Asked } from '@atoll/storage/faulty-server';
import { parseQuery } from './sigv4.js';

export type OperationName =
  | 'GetObject'
  | 'HeadObject'
  | 'PutObject'
  | 'CopyObject'
  | 'DeleteObject'
  | 'ListObjectsV2'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'UploadPartCopy'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'GetBucketVersioning'
  | 'GetBucketObjectLockConfiguration'
  | 'GetLifecycleConfiguration'
  /** What the fake does not serve. */
  | 'Unknown';

export interface Operation {
  readonly name: OperationName;
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  /** What is copied. */
  readonly source?: { readonly bucket: string; readonly key: string };
}

const KNOWN_IN_QUERY =
  /^(?:x-id|list-type|prefix|start-after|continuation-token|max-keys|uploads|uploadId|versioning|object-lock|lifecycle|partNumber|response-content-type|delimiter|encoding-type|fetch-owner|X-Amz-[A-Za-z0-9-]+)$/;

/** What a request in path style asks for. */
export function readOperation({ method, path, query: text, headers }: Asked): Operation {
  const query = new Map(parseQuery(text));
  const { bucket, key } = placeIn(path);
  const copied = headers['x-amz-copy-source'];
  const known = bucket !== '' && [...query.keys()].every((name) => KNOWN_IN_QUERY.test(name));
  const name = known ? nameOf(method, key !== '', query, copied !== undefined) : 'Unknown';
  return { name, bucket, key, query, ...(typeof copied === 'string' && { source: placeIn(copied) }) };
}

function placeIn(path: string): { readonly bucket: string; readonly key: string } {
  const [, bucket = '', key = ''] = /^\/?([^/]+)\/?(.*)$/s.exec(decodeURIComponent(path)) ?? [];
  return { bucket, key };
}

/** What is asked about a bucket, by the name in the query. */
const OF_BUCKETS: readonly (readonly [string, OperationName])[] = [
  ['versioning', 'GetBucketVersioning'],
  ['object-lock', 'GetBucketObjectLockConfiguration'],
  ['lifecycle', 'GetLifecycleConfiguration'],
];

function nameOfBucket(method: string, query: ReadonlyMap<string, string>): OperationName {
  if (method !== 'GET') return 'Unknown';
  if (query.get('list-type') === '2') return 'ListObjectsV2';
  return OF_BUCKETS.find(([name]) => query.has(name))?.[1] ?? 'Unknown';
}

function nameOf(method: string, hasKey: boolean, query: ReadonlyMap<string, string>, copies: boolean): OperationName {
  if (!hasKey) return nameOfBucket(method, query);
  const inUpload = query.has('uploadId');
  switch (method) {
    case 'GET':
      return 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'PUT':
      if (copies) return inUpload ? 'UploadPartCopy' : 'CopyObject';
      return inUpload ? 'UploadPart' : 'PutObject';
    case 'DELETE':
      return inUpload ? 'AbortMultipartUpload' : 'DeleteObject';
    case 'POST':
      if (inUpload) return 'CompleteMultipartUpload';
      return query.has('uploads') ? 'CreateMultipartUpload' : 'Unknown';
    default:
      return 'Unknown';
  }
}
