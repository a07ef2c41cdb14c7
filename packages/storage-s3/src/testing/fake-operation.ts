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
  /^(?:x-id|list-type|prefix|start-after|continuation-token|max-keys|uploads|uploadId|partNumber|response-content-type|delimiter|encoding-type|fetch-owner|X-Amz-[A-Za-z0-9-]+)$/;

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

function nameOf(method: string, hasKey: boolean, query: ReadonlyMap<string, string>, copies: boolean): OperationName {
  if (!hasKey) return method === 'GET' && query.get('list-type') === '2' ? 'ListObjectsV2' : 'Unknown';
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
