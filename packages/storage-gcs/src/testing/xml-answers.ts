import type { IncomingHttpHeaders } from 'node:http';
import type { Answer, Asked } from '@atoll/storage/faulty-server';
import type { FakeBucket } from './fake-bucket.js';
import { FakeError, invalid } from './fake-error.js';
import type { NamedPart } from './fake-multipart.js';
import type { Operation } from './fake-operation.js';
import { asXml, empty } from './fake-wording.js';
import { mediaAnswer } from './media-answer.js';

const METADATA = 'x-goog-meta-';

/** @throws FakeError */
export function answerInXml(bucket: FakeBucket, { name, object, query }: Operation, asked: Asked): Answer {
  const { headers, body } = asked;
  const uploadId = query.get('uploadId') ?? '';
  switch (name) {
    case 'GetObject':
    case 'HeadObject': {
      const stored = bucket.get(object, { ifGenerationMatch: one(headers['x-goog-if-generation-match']) });
      return mediaAnswer(stored, headers, query.get('response-content-type'));
    }
    case 'CreateMultipartUpload': {
      refuseConditions(headers);
      const id = bucket.multipart.create(object, headers['content-type'], metadataIn(headers));
      return asXml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    }
    case 'UploadPart': {
      if (headers['content-length'] === undefined) throw new FakeError(411, 'MissingContentLength', 'no length');
      const etag = bucket.multipart.put(object, uploadId, Number(query.get('partNumber')), body);
      return empty(200, { ETag: `"${etag}"` });
    }
    case 'CompleteMultipartUpload': {
      refuseConditions(headers);
      const made = bucket.multipart.assemble(object, uploadId, partsIn(body.toString()));
      bucket.put(object, { ...made, ofParts: true }, {});
      bucket.multipart.end(object, uploadId);
      return asXml(`<CompleteMultipartUploadResult><ETag>"of-parts"</ETag></CompleteMultipartUploadResult>`);
    }
    case 'AbortMultipartUpload':
      bucket.multipart.end(object, uploadId);
      return empty(204);
    default:
      throw new FakeError(501, 'NotImplemented', 'A requested feature is not yet implemented.');
  }
}

/** Cloud Storage, "XML API multipart uploads": preconditions are not supported. */
function refuseConditions(headers: IncomingHttpHeaders): void {
  if (headers['x-goog-if-generation-match'] !== undefined) throw invalid('no preconditions here', 'NotImplemented');
}

function metadataIn(headers: IncomingHttpHeaders): Record<string, string> {
  const own = Object.entries(headers).filter(([name]) => name.startsWith(METADATA));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(METADATA.length), one(value) ?? '']));
}

function partsIn(text: string): NamedPart[] {
  return [...text.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
    number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
    etag: (/<ETag>([^<]*)</.exec(part)?.[1] ?? '').replaceAll(/&quot;|"/g, ''),
  }));
}

function one(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}
