import type { IncomingMessage } from 'node:http';

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
  | 'AbortMultipartUpload';

export interface Operation {
  readonly name: OperationName;
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  /** What is copied. */
  readonly source?: { readonly bucket: string; readonly key: string };
}

const KNOWN_IN_QUERY =
  /^(?:x-id|list-type|prefix|start-after|continuation-token|max-keys|uploads|uploadId|partNumber|response-content-type|X-Amz-[A-Za-z0-9-]+)$/;

/** What a request in path style asks for; `undefined` for what the fake does not know. */
export function readOperation(
  { method = '', headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  path: string,
  query: ReadonlyMap<string, string>,
): Operation | undefined {
  if (![...query.keys()].every((name) => KNOWN_IN_QUERY.test(name))) return undefined;
  const { bucket, key } = placeIn(path);
  const copied = headers['x-amz-copy-source'];
  const name = nameOf(method, key !== '', query, copied !== undefined);
  if (bucket === '' || name === undefined) return undefined;
  return { name, bucket, key, query, ...(typeof copied === 'string' && { source: placeIn(copied) }) };
}

function placeIn(path: string): { readonly bucket: string; readonly key: string } {
  const [, bucket = '', key = ''] = /^\/?([^/]+)\/?(.*)$/s.exec(decodeURIComponent(path)) ?? [];
  return { bucket, key };
}

function nameOf(
  method: string,
  hasKey: boolean,
  query: ReadonlyMap<string, string>,
  copies: boolean,
): OperationName | undefined {
  if (!hasKey) return method === 'GET' && query.get('list-type') === '2' ? 'ListObjectsV2' : undefined;
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
      return query.has('uploads') ? 'CreateMultipartUpload' : undefined;
    default:
      return undefined;
  }
}
