import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from '@atoll/storage/faulty-server';
import { listAnswer } from './fake-list.js';
import type { Conditions, FakeBucket, FakeSettings, Stored } from './fake-bucket.js';
import type { NamedPart } from './fake-uploads.js';
import type { Operation } from './fake-operation.js';
import { FakeError } from './s3-error.js';
import { xml } from './xml.js';

export interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** What a list holds at most. */
  readonly mostKeys: number;
  readonly copied: Stored | undefined;
}

/** @throws FakeError */
export function answerTo(bucket: FakeBucket, operation: Operation, asked: Asked): Answer {
  const { key, query } = operation;
  const { headers, body } = asked;
  const uploadId = query.get('uploadId') ?? '';
  switch (operation.name) {
    case 'GetObject':
    case 'HeadObject':
      return readAnswer(bucket.get(key), headers, query.get('response-content-type'));
    case 'PutObject':
      return written(bucket.put(key, bodyOf(asked), conditionsOf(headers)));
    case 'CopyObject':
      return copied('CopyObjectResult', bucket.put(key, copiedBytes(asked), conditionsOf(headers)));
    case 'DeleteObject':
      bucket.delete(key, conditionsOf(headers));
      return empty(204);
    case 'CreateMultipartUpload':
      return xml(
        `<InitiateMultipartUploadResult><UploadId>${bucket.uploads.create(key)}</UploadId></InitiateMultipartUploadResult>`,
      );
    case 'UploadPart':
      return written(bucket.uploads.put(key, uploadId, Number(query.get('partNumber')), bodyOf(asked)));
    case 'UploadPartCopy': {
      const number = Number(query.get('partNumber'));
      return copied('CopyPartResult', bucket.uploads.put(key, uploadId, number, copiedBytes(asked)));
    }
    case 'CompleteMultipartUpload': {
      const etag = bucket.complete(key, uploadId, partsIn(body.toString()), conditionsOf(headers));
      return xml(`<CompleteMultipartUploadResult><ETag>&quot;${etag}&quot;</ETag></CompleteMultipartUploadResult>`);
    }
    case 'AbortMultipartUpload':
      bucket.uploads.end(key, uploadId);
      return empty(204);
    case 'ListObjectsV2':
      return listAnswer(bucket, query, asked.mostKeys);
    case 'GetBucketVersioning':
      return setting(
        bucket.settings,
        ({ versioning }) => `<VersioningConfiguration>${versioning ?? ''}</VersioningConfiguration>`,
      );
    case 'GetBucketObjectLockConfiguration':
      return setting(bucket.settings, ({ objectLock: lock }) => {
        if (lock === undefined) throw new FakeError(404, 'ObjectLockConfigurationNotFoundError');
        return `<ObjectLockConfiguration>${lock}</ObjectLockConfiguration>`;
      });
    case 'GetLifecycleConfiguration':
      return setting(bucket.settings, ({ lifecycle }) => {
        if (lifecycle === undefined) throw new FakeError(404, 'NoSuchLifecycleConfiguration');
        return `<LifecycleConfiguration>${lifecycle}</LifecycleConfiguration>`;
      });
    case 'Unknown':
      throw new FakeError(501, 'NotImplemented');
  }
}

function setting(settings: FakeSettings | undefined, content: (settings: FakeSettings) => string): Answer {
  if (settings === undefined) throw new FakeError(501, 'NotImplemented');
  return xml(content(settings));
}

export function errorAnswer({ status, code }: FakeError): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return { status, headers: { 'Content-Type': 'application/xml' }, body: Buffer.from(body) };
}

function readAnswer(stored: Stored, headers: IncomingHttpHeaders, contentType: string | undefined): Answer {
  const { ifMatch } = conditionsOf(headers);
  if (ifMatch !== undefined && ifMatch.replaceAll('"', '') !== stored.etag)
    throw new FakeError(412, 'PreconditionFailed');
  const told = {
    ETag: `"${stored.etag}"`,
    'Last-Modified': stored.modified.toUTCString(),
    'Accept-Ranges': 'bytes',
    'Content-Type': contentType ?? 'binary/octet-stream',
  };
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
  if (range === null) return { status: 200, headers: told, body: stored.body };
  const size = stored.body.length;
  const start = Number(range[1]);
  const end = Math.min(range[2] === '' ? size : Number(range[2]) + 1, size);
  if (start >= size || end <= start) throw new FakeError(416, 'InvalidRange');
  const contentRange = { 'Content-Range': `bytes ${start}-${end - 1}/${size}` };
  return { status: 206, headers: { ...told, ...contentRange }, body: stored.body.subarray(start, end) };
}

/** A length is required, and framed bodies are refused: the driver sends neither. */
function bodyOf({ headers, body }: Asked): Buffer {
  if (headers['content-length'] === undefined) throw new FakeError(411, 'MissingContentLength');
  if (/aws-chunked/.test(headers['content-encoding'] ?? '')) throw new FakeError(501, 'NotImplemented');
  return body;
}

/** What a copy copies; a whole object of at most 5 GiB, or the bytes of a part. */
function copiedBytes({ headers, copied: source }: Asked): Buffer {
  if (source === undefined) throw new FakeError(404, 'NoSuchKey');
  const wanted = headers['x-amz-copy-source-if-match'];
  if (typeof wanted === 'string' && wanted.replaceAll('"', '') !== source.etag) {
    throw new FakeError(412, 'PreconditionFailed');
  }
  const text = headers['x-amz-copy-source-range'];
  if (text === undefined) return source.body;
  const [, start = '', end = ''] = /^bytes=(\d+)-(\d+)$/.exec(String(text)) ?? [];
  if (end === '' || Number(end) >= source.body.length) throw new FakeError(400, 'InvalidArgument');
  return source.body.subarray(Number(start), Number(end) + 1);
}

function copied(element: string, etag: string): Answer {
  const modified = '<LastModified>2026-01-01T00:00:00.000Z</LastModified>';
  return xml(`<${element}>${modified}<ETag>&quot;${etag}&quot;</ETag></${element}>`);
}

function partsIn(text: string): NamedPart[] {
  return [...text.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
    number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
    etag: (/<ETag>([^<]*)</.exec(part)?.[1] ?? '').replaceAll(/&quot;|&#34;|"/g, ''),
  }));
}

function conditionsOf(headers: IncomingHttpHeaders): Conditions {
  return { ifMatch: headers['if-match'], ifNoneMatch: headers['if-none-match'] };
}

function written(etag: string): Answer {
  return { ...empty(200), headers: { ETag: `"${etag}"` } };
}

function empty(status: number): Answer {
  return { status, headers: {}, body: Buffer.alloc(0) };
}
