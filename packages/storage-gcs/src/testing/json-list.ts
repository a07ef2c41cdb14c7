import type { Answer } from '@atoll/storage/faulty-server';
import type { Stored } from './fake-bucket.js';
import { invalid } from './fake-error.js';
import { asJson, onlyFields } from './fake-wording.js';
import { placeOf, resourceOf, tokenOf, type JsonContext } from './json-context.js';

/** What comes behind every name that begins with the text. */
const BEHIND = '\u{10ffff}';

/** One thing that a list shows: an object, or the folder that several are in. */
type Shown = { readonly stored: Stored } | { readonly folder: string };

/** A page, from an offset or a token on; folders where a delimiter is named. */
export function list({ bucket, operation: { query }, mostKeys }: JsonContext): Answer {
  const token = query.get('pageToken');
  const limit = Math.min(Number(query.get('maxResults') ?? 1_000), mostKeys);
  if (!(limit >= 1)) throw invalid('maxResults');
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const shown: Shown[] = [];
  let from = token === undefined ? (query.get('startOffset') ?? '') : placeOf(token);
  let more = false;
  for (;;) {
    const next = bucket.list(prefix, from, 1).entries[0];
    if (next === undefined) break;
    more = shown.length === limit;
    if (more) break;
    const end = delimiter === '' ? -1 : next.name.indexOf(delimiter, prefix.length);
    const folder = next.name.slice(0, end + delimiter.length);
    shown.push(end < 0 ? { stored: next } : { folder });
    from = end < 0 ? `${next.name}\0` : folder + BEHIND;
  }
  const items = shown.flatMap((one) => ('stored' in one ? [resourceOf(bucket, one.stored)] : []));
  const prefixes = shown.flatMap((one) => ('folder' in one ? [one.folder] : []));
  const content = {
    kind: 'storage#objects',
    ...(items.length > 0 && { items }),
    ...(prefixes.length > 0 && { prefixes }),
    ...(more && { nextPageToken: tokenOf(from) }),
  };
  return asJson(200, onlyFields(content, query.get('fields')));
}
