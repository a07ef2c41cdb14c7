export type OperationName =
  | 'GetObject'
  | 'HeadObject'
  | 'PutObject'
  | 'DeleteObject'
  | 'ListObjectsV2'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload';

export interface Operation {
  readonly name: OperationName;
  readonly bucket: string;
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
}

const KNOWN_IN_QUERY =
  /^(?:x-id|list-type|prefix|start-after|continuation-token|max-keys|uploads|uploadId|partNumber|response-content-type|X-Amz-[A-Za-z0-9-]+)$/;

/** What a request in path style asks for; `undefined` for what the fake does not know. */
export function readOperation(method: string, path: string, query: ReadonlyMap<string, string>): Operation | undefined {
  if (![...query.keys()].every((name) => KNOWN_IN_QUERY.test(name))) return undefined;
  const [, bucket = '', key = ''] = /^\/([^/]+)\/?(.*)$/s.exec(decodeURIComponent(path)) ?? [];
  const name = nameOf(method, key !== '', query);
  return bucket === '' || name === undefined ? undefined : { name, bucket, key, query };
}

function nameOf(method: string, hasKey: boolean, query: ReadonlyMap<string, string>): OperationName | undefined {
  if (!hasKey) return method === 'GET' && query.get('list-type') === '2' ? 'ListObjectsV2' : undefined;
  const inUpload = query.has('uploadId');
  switch (method) {
    case 'GET':
      return 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'PUT':
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
