import type { Answer } from '@atoll/storage/faulty-server';
import type { FakeBucket, Stored } from './fake-bucket.js';
import { invalid } from './fake-error.js';
import type { Operation } from './fake-operation.js';
import { asJson, onlyFields } from './fake-wording.js';
import { conditionsOf, Metadata, placeOf, resource, resourceOf, tokenOf, type JsonContext } from './json-context.js';

/** Between places, a copy moves so much in one request. */
const COPIED_AT_ONCE = 8 * 1_048_576;

/** In one step, and in one answer. */
export function copy({ bucket, target, operation }: JsonContext): Answer {
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
export function rewrite({ bucket, target, operation, asked }: JsonContext): Answer {
  const { query, object } = operation;
  const source = bucket.get(object, { ifGenerationMatch: query.get('ifSourceGenerationMatch') });
  if (target === undefined || operation.target === undefined) throw invalid('no target');
  if (asked.body.length > 0) Metadata.nullable().parse(JSON.parse(asked.body.toString()));
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
