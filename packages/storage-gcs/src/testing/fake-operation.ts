import type { Asked } from '@atoll/storage/faulty-server';

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
  | 'CopyObject'
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
const JSON_COPY = /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)\/(rewrite|copy)To\/b\/([^/]+)\/o\/([^/]+)$/;
const JSON_UPLOAD = /^\/(?:resumable\/)?upload\/storage\/v1\/b\/([^/]+)\/o$/;
const JSON_LIST = /^\/storage\/v1\/b\/([^/]+)\/o$/;
const JSON_BUCKET = /^\/storage\/v1\/b\/([^/]+)$/;
const XML_OBJECT = /^\/([^/]+)\/(.+)$/;

/** A parameter that nobody here looks at would be a promise that is not kept. */
const KNOWN =
  /^(?:alt|delimiter|fields|ifGenerationMatch|ifGenerationNotMatch|ifSourceGenerationMatch|includeFoldersAsPrefixes|maxBytesRewrittenPerCall|maxResults|name|pageToken|partNumber|prefix|prettyPrint|project|projection|response-content-type|rewriteToken|startOffset|upload_id|uploadId|uploads|uploadType|X-Goog-[A-Za-z]+|x-id)$/;

/** What a request asks for. */
export function readOperation(asked: Asked): Operation {
  const { method, path } = asked;
  const query = new Map(parseQuery(asked.query));
  const at = (name: OperationName, bucket = '', object = ''): Operation => ({ name, bucket, object, query });
  const service = serviceOf(method, path);
  if (service !== undefined) return at(service);
  if (![...query.keys()].every((name) => KNOWN.test(name))) return at('Unknown');
  const copy = inPath(JSON_COPY, path);
  if (copy && method === 'POST') {
    const [bucket, object, kind, toBucket = '', toObject = ''] = copy;
    const name = kind === 'copy' ? 'CopyObject' : 'RewriteObject';
    return { ...at(name, bucket, object), target: { bucket: toBucket, object: toObject } };
  }
  const upload = inPath(JSON_UPLOAD, path);
  if (upload) return at(uploadName(method, query), upload[0], query.get('name'));
  const object = inPath(JSON_OBJECT, path);
  if (object) return at(jsonName(method, query), ...object);
  const listed = inPath(JSON_LIST, path);
  if (listed) return at(method === 'GET' ? 'ListObjects' : 'Unknown', ...listed);
  const described = inPath(JSON_BUCKET, path);
  if (described) return at(method === 'GET' ? 'GetBucket' : 'Unknown', ...described);
  if (path === '/storage/v1/b') return at(method === 'POST' ? 'CreateBucket' : 'Unknown');
  return at(xmlName(method, query), ...(inPath(XML_OBJECT, path) ?? []));
}

/** The parts of a path that a pattern names, decoded. */
function inPath(pattern: RegExp, path: string): string[] | undefined {
  return pattern.exec(path)?.slice(1).map(decodeURIComponent);
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
