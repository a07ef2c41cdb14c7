import type { Answer } from '@atoll/storage/faulty-server';
import { asJson, empty, onlyFields } from './fake-wording.js';
import type { FakeBucket } from './fake-bucket.js';
import type { Operation } from './fake-operation.js';
import { conditionsOf, resource, type JsonContext } from './json-context.js';
import { copy, rewrite } from './json-copies.js';
import { list } from './json-list.js';
import { insert, putChunk, startSession } from './json-uploads.js';
import { mediaAnswer } from './media-answer.js';

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
      return describe(bucket, query);
  }
}

function describe({ name, settings }: FakeBucket, query: Operation['query']): Answer {
  return asJson(200, onlyFields({ kind: 'storage#bucket', name, ...settings }, query.get('fields')));
}
