import type { Answer, Asked } from '@atoll/storage/faulty-server';
import { z } from 'zod';
import { crc32cOf, md5 } from './checksums.js';
import type { Conditions, FakeBucket, NewObject, Stored } from './fake-bucket.js';
import { invalid } from './fake-error.js';
import type { Operation } from './fake-operation.js';
import { mediaAnswer } from './media-answer.js';
import { asJson, empty, onlyFields } from './fake-wording.js';

/** Between places, a copy moves so much in one request. */
const COPIED_AT_ONCE = 8 * 1_048_576;

const Metadata = z.object({
  name: z.string().optional(),
  contentType: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  md5Hash: z.string().optional(),
  crc32c: z.string().optional(),
});

export interface JsonContext {
  readonly bucket: FakeBucket;
  /** Where a copy goes. */
  readonly target?: FakeBucket | undefined;
  readonly operation: Operation;
  readonly asked: Asked;
  readonly mostKeys: number;
  readonly endpoint: string;
}

/** @throws FakeError */
export function answerInJson(context: JsonContext): Answer {
  const { bucket, operation } = context;
  const { query, object } = operation;
  switch (operation.name) {
    case 'GetMetadata':
      return resource(bucket, bucket.get(object, conditionsOf(query)), query);
    case 'GetMedia':
      return mediaAnswer(bucket.get(object, conditionsOf(query)), context.asked.headers);
    case 'InsertObject':
      return insert(context);
    case 'StartSession':
      return startSession(context);
    case 'PutChunk':
      return putChunk(context);
    case 'CancelSession':
      bucket.sessions.cancel(query.get('upload_id') ?? '');
      return empty(499);
    case 'DeleteObject':
      bucket.delete(object, conditionsOf(query));
      return empty(204);
    case 'ListObjects':
      return list(context);
    case 'RewriteObject':
      return rewrite(context);
    case 'CopyObject':
      return copy(context);
    default:
      return asJson(200, { kind: 'storage#bucket', name: bucket.name });
  }
}

function insert({ bucket, operation: { query, object }, asked }: JsonContext): Answer {
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

function startSession({ bucket, operation: { query, object }, asked, endpoint }: JsonContext): Answer {
  const told = Metadata.parse(asked.body.length === 0 ? {} : JSON.parse(asked.body.toString()));
  const id = bucket.sessions.create({
    name: told.name ?? object,
    contentType: told.contentType,
    metadata: told.metadata,
    ifGenerationMatch: query.get('ifGenerationMatch'),
  });
  const path = `/upload/storage/v1/b/${bucket.name}/o?uploadType=resumable&upload_id=${id}`;
  return empty(200, { Location: `${endpoint}${path}` });
}

function putChunk({ bucket, operation: { query }, asked }: JsonContext): Answer {
  const id = query.get('upload_id') ?? '';
  const progress = bucket.sessions.put(id, asked.headers['content-range'], asked.body);
  if ('receivedBytes' in progress) {
    const { receivedBytes } = progress;
    return empty(308, receivedBytes === 0 ? {} : { Range: `bytes=0-${receivedBytes - 1}` });
  }
  const { name, contentType, metadata, ifGenerationMatch } = progress.session;
  const stored = bucket.put(name, { body: progress.body, contentType, metadata }, { ifGenerationMatch });
  return resource(bucket, stored, query);
}

function list({ bucket, operation: { query }, mostKeys }: JsonContext): Answer {
  const token = query.get('pageToken');
  const from = token === undefined ? (query.get('startOffset') ?? '') : placeOf(token);
  const limit = Math.min(Number(query.get('maxResults') ?? 1_000), mostKeys);
  if (!(limit >= 1)) throw invalid('maxResults');
  const { entries, more } = bucket.list(query.get('prefix') ?? '', from, limit);
  const content = {
    kind: 'storage#objects',
    ...(entries.length > 0 && { items: entries.map((stored) => resourceOf(bucket, stored)) }),
    ...(more && { nextPageToken: tokenOf(`${entries.at(-1)?.name ?? from}\0`) }),
  };
  return asJson(200, onlyFields(content, query.get('fields')));
}

/** In one step, and in one answer. */
function copy({ bucket, target, operation }: JsonContext): Answer {
  const { query, object } = operation;
  const source = bucket.get(object, { ifGenerationMatch: query.get('ifSourceGenerationMatch') });
  if (target === undefined || operation.target === undefined) throw invalid('no target');
  return resource(target, copied(source, target, operation.target.object, query), query);
}

function copied(source: Stored, target: FakeBucket, name: string, query: Operation['query']): Stored {
  const { body, contentType, metadata, md5Hash } = source;
  return target.put(name, { body, contentType, metadata, ofParts: md5Hash === undefined }, conditionsOf(query));
}

/** Moves some of it, and tells by a token how much there is; only the last step shows the copy. */
function rewrite({ bucket, target, operation, asked }: JsonContext): Answer {
  const { query, object } = operation;
  const source = bucket.get(object, { ifGenerationMatch: query.get('ifSourceGenerationMatch') });
  if (target === undefined || operation.target === undefined) throw invalid('no target');
  if (asked.body.length > 0) Metadata.parse(JSON.parse(asked.body.toString()));
  const token = query.get('rewriteToken');
  const before = token === undefined ? 0 : Number(placeOf(token));
  const movedBytes = before + Math.min(COPIED_AT_ONCE, Number(query.get('maxBytesRewrittenPerCall') ?? COPIED_AT_ONCE));
  if (movedBytes < source.body.length) {
    const progress = { done: false, rewriteToken: tokenOf(String(movedBytes)), objectSize: String(source.body.length) };
    return asJson(200, onlyFields(progress, query.get('fields')));
  }
  const stored = copied(source, target, operation.target.object, query);
  return asJson(
    200,
    onlyFields(
      { done: true, objectSize: String(source.body.length), resource: resourceOf(target, stored) },
      query.get('fields'),
    ),
  );
}

function resource(bucket: FakeBucket, stored: Stored, query: Operation['query']): Answer {
  return asJson(200, onlyFields(resourceOf(bucket, stored), query.get('fields')));
}

function resourceOf(bucket: FakeBucket, stored: Stored): unknown {
  const { name, generation, body, modified, contentType, metadata, md5Hash } = stored;
  return {
    kind: 'storage#object',
    bucket: bucket.name,
    name,
    generation: String(generation),
    metageneration: '1',
    size: String(body.length),
    updated: modified.toISOString(),
    timeCreated: modified.toISOString(),
    contentType,
    etag: Buffer.from(String(generation)).toString('base64'),
    crc32c: stored.crc32c(),
    ...(md5Hash !== undefined && { md5Hash }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}

/** Opaque, so that nobody takes it for a name. */
function tokenOf(place: string): string {
  return `at.${Buffer.from(place).toString('base64url')}`;
}

function placeOf(token: string): string {
  if (!token.startsWith('at.')) throw invalid('no such token');
  return Buffer.from(token.slice('at.'.length), 'base64url').toString();
}

function conditionsOf(query: Operation['query']): Conditions {
  return {
    ifGenerationMatch: query.get('ifGenerationMatch'),
    ifGenerationNotMatch: query.get('ifGenerationNotMatch'),
  };
}
