import type { Answer, Asked } from '@atoll/storage/faulty-server';
import { crc32cOf, md5 } from './checksums.js';
import type { FakeBucket, NewObject } from './fake-bucket.js';
import { invalid } from './fake-error.js';
import type { Operation } from './fake-operation.js';
import { empty } from './fake-wording.js';
import { conditionsOf, Metadata, resource, type JsonContext } from './json-context.js';

/** In one request: bytes alone, or with metadata before them. */
export function insert({ bucket, operation: { query, object }, asked }: JsonContext): Answer {
  const { headers, body } = asked;
  if (query.get('uploadType') === 'media') {
    if (object === '') throw invalid('Required parameter: name', 'required');
    return put(bucket, object, { body, contentType: headers['content-type'] }, query);
  }
  const [told, bytes] = relatedParts(asked);
  const { name = object, contentType, metadata, md5Hash, crc32c } = Metadata.parse(JSON.parse(told));
  const made = { body: bytes, contentType, metadata };
  const wrong = [md5Hash !== undefined && md5Hash !== md5(bytes), crc32c !== undefined && crc32c !== crc32cOf(bytes)];
  if (wrong.includes(true)) throw invalid('the hash is another one');
  return put(bucket, name, made, query);
}

/** A body in two parts, the metadata and the bytes. @throws FakeError */
function relatedParts({ headers, body }: Asked): [string, Buffer] {
  const boundary = /boundary="?([^";]+)"?/.exec(headers['content-type'] ?? '')?.[1];
  if (boundary === undefined) throw invalid('no boundary');
  const mark = `--${boundary}`;
  const starts: number[] = [];
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + 1)) starts.push(at);
  const part = (n: number): Buffer => {
    const begin = body.indexOf('\r\n\r\n', starts[n]) + 4;
    return body.subarray(begin, (starts[n + 1] ?? body.length) - 2);
  };
  return [part(0).toString(), part(1)];
}

function put(bucket: FakeBucket, name: string, made: NewObject, query: Operation['query']): Answer {
  return resource(bucket, bucket.put(name, made, conditionsOf(query)), query);
}

export function startSession({ bucket, operation: { query, object }, asked }: JsonContext): Answer {
  const told = Metadata.parse(asked.body.length === 0 ? {} : JSON.parse(asked.body.toString()));
  const id = bucket.sessions.create({
    name: told.name ?? object,
    contentType: told.contentType,
    metadata: told.metadata,
    ifGenerationMatch: query.get('ifGenerationMatch'),
  });
  const path = `/upload/storage/v1/b/${bucket.name}/o?uploadType=resumable&upload_id=${id}`;
  return empty(200, { Location: `${bucket.endpoint}${path}` });
}

export function putChunk({ bucket, operation: { query }, asked }: JsonContext): Answer {
  const id = query.get('upload_id') ?? '';
  const progress = bucket.sessions.put(id, asked.headers['content-range'], asked.body);
  if ('receivedBytes' in progress) {
    const { receivedBytes } = progress;
    const range = receivedBytes === 0 ? {} : { Range: `bytes=0-${receivedBytes - 1}` };
    // Some clients take a 308 for the redirect that it is, and ask for another status.
    if (asked.headers['x-guploader-no-308'] !== 'yes') return empty(308, range);
    return empty(200, { ...range, 'X-Http-Status-Code-Override': '308' });
  }
  const { name, contentType, metadata, ifGenerationMatch } = progress.session;
  const stored = bucket.put(name, { body: progress.body, contentType, metadata }, { ifGenerationMatch });
  return resource(bucket, stored, query);
}
