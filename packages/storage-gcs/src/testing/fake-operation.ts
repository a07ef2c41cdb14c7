import type { Asked } from '@atoll/storage/testing';

export type OperationName =
  | 'GetBucket'
  | 'CreateBucket'
  | 'GetMetadata'
  | 'GetMedia'
  | 'InsertObject'
  | 'StartSession'
  | 'PutChunk'
  | 'CancelSession'
  | 'DeleteObject'
  | 'RewriteObject'
  | 'ListObjects'
  | 'GetObject'
  | 'HeadObject'
  | 'CreateMultipartUpload'
  | 'UploadPart'
  | 'CompleteMultipartUpload'
  | 'AbortMultipartUpload'
  | 'Token'
  | 'SignBlob'
  | 'MachineToken'
  | 'MachineAccount'
  | 'Unknown';

export interface Operation {
  readonly name: OperationName;
  readonly bucket: string;
  readonly object: string;
  readonly query: ReadonlyMap<string, string>;
  /** Of a copy. */
  readonly target?: { readonly bucket: string; readonly object: string };
}

const JSON_OBJECT = /^\/(?:download\/)?storage\/v1\/b\/([^/]+)\/o\/([^/]+)$/;
const JSON_REWRITE = /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)\/rewriteTo\/b\/([^/]+)\/o\/([^/]+)$/;
const JSON_UPLOAD = /^\/(?:resumable\/)?upload\/storage\/v1\/b\/([^/]+)\/o$/;
const XML_OBJECT = /^\/([^/]+)\/(.+)$/;

/** What a request asks for. */
export function readOperation({ method, path, query: text }: Asked): Operation {
  const query = new Map(parseQuery(text));
  const at = (name: OperationName, bucket = '', object = ''): Operation => ({
    name,
    bucket: decodeURIComponent(bucket),
    object: decodeURIComponent(object),
    query,
  });
  const service = serviceOf(method, path);
  if (service !== undefined) return at(service);
  const rewrite = JSON_REWRITE.exec(path);
  if (rewrite) {
    const [, bucket, object, toBucket = '', toObject = ''] = rewrite;
    const target = { bucket: decodeURIComponent(toBucket), object: decodeURIComponent(toObject) };
    return { ...at(method === 'POST' ? 'RewriteObject' : 'Unknown', bucket, object), target };
  }
  const [, uploadBucket] = JSON_UPLOAD.exec(path) ?? [];
  if (uploadBucket !== undefined) return at(uploadName(method, query), uploadBucket, query.get('name'));
  const [, bucket, object] = JSON_OBJECT.exec(path) ?? [];
  if (object !== undefined) return at(jsonName(method, query), bucket, object);
  const [, listed] = /^\/storage\/v1\/b\/([^/]+)\/o$/.exec(path) ?? [];
  if (listed !== undefined) return at(method === 'GET' ? 'ListObjects' : 'Unknown', listed);
  const [, described] = /^\/storage\/v1\/b\/([^/]+)$/.exec(path) ?? [];
  if (described !== undefined) return at(method === 'GET' ? 'GetBucket' : 'Unknown', described);
  if (path === '/storage/v1/b') return at(method === 'POST' ? 'CreateBucket' : 'Unknown');
  const [, xmlBucket, xmlObject] = XML_OBJECT.exec(path) ?? [];
  return at(xmlName(method, query), xmlBucket, xmlObject);
}

/** What is no part of Cloud Storage: where tokens and signatures come from. */
function serviceOf(method: string, path: string): OperationName | undefined {
  if (method === 'POST' && path === '/token') return 'Token';
  if (method === 'POST' && /^\/v1\/projects\/-\/serviceAccounts\/[^/]+:signBlob$/.test(path)) return 'SignBlob';
  if (!path.startsWith('/computeMetadata/v1')) return undefined;
  return path.endsWith('/token') ? 'MachineToken' : 'MachineAccount';
}

function uploadName(method: string, query: ReadonlyMap<string, string>): OperationName {
  if (query.has('upload_id')) return method === 'DELETE' ? 'CancelSession' : 'PutChunk';
  if (method !== 'POST') return 'Unknown';
  return query.get('uploadType') === 'resumable' ? 'StartSession' : 'InsertObject';
}

function jsonName(method: string, query: ReadonlyMap<string, string>): OperationName {
  if (method === 'DELETE') return 'DeleteObject';
  if (method !== 'GET') return 'Unknown';
  return query.get('alt') === 'media' ? 'GetMedia' : 'GetMetadata';
}

function xmlName(method: string, query: ReadonlyMap<string, string>): OperationName {
  const inUpload = query.has('uploadId');
  if (method === 'GET') return 'GetObject';
  if (method === 'HEAD') return 'HeadObject';
  if (method === 'PUT' && inUpload) return 'UploadPart';
  if (method === 'DELETE' && inUpload) return 'AbortMultipartUpload';
  if (method === 'POST' && inUpload) return 'CompleteMultipartUpload';
  return method === 'POST' && query.has('uploads') ? 'CreateMultipartUpload' : 'Unknown';
}

/** Pairs as they were sent, decoded; a plus is a plus. */
export function parseQuery(query: string): [string, string][] {
  if (query === '') return [];
  return query.split('&').map((pair) => {
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    return [decodeURIComponent(name), decodeURIComponent(value)];
  });
}
