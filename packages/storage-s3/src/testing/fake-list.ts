import type { Answer } from '@atoll/storage/faulty-server';
import type { FakeBucket, Stored } from './fake-bucket.js';
import type { Operation } from './fake-operation.js';
import { FakeError } from './s3-error.js';
import { escape, xml } from './xml.js';

/** A page of a list. With a delimiter, what is below one is a prefix that stands for all of it. */
export function listAnswer(bucket: FakeBucket, query: Operation['query'], mostKeys: number): Answer {
  const token = query.get('continuation-token');
  const after = token === undefined ? (query.get('start-after') ?? '') : placeOf(token);
  const limit = Math.min(Number(query.get('max-keys') ?? 1_000), mostKeys);
  const prefix = query.get('prefix') ?? '';
  const { entries, more } = bucket.list(prefix, after, limit);
  const written = query.get('encoding-type') === 'url' ? encodeURIComponent : escape;
  const folders = new Set<string>();
  const contents = entries.flatMap((entry) => {
    const folder = folderOf(entry[0], prefix, query.get('delimiter') ?? '');
    if (folder === undefined) return [contentOf(entry, written)];
    folders.add(folder);
    return [];
  });
  const next = more ? `<NextContinuationToken>${tokenOf(entries.at(-1)?.[0] ?? after)}</NextContinuationToken>` : '';
  const prefixes = [...folders].map((folder) => `<CommonPrefixes><Prefix>${written(folder)}</Prefix></CommonPrefixes>`);
  const told = `<IsTruncated>${more}</IsTruncated><KeyCount>${contents.length + folders.size}</KeyCount>${next}`;
  return xml(`<ListBucketResult>${told}${contents.join('')}${prefixes.join('')}</ListBucketResult>`);
}

function folderOf(key: string, prefix: string, delimiter: string): string | undefined {
  const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

function contentOf([key, { etag, modified, body }]: [string, Stored], written: (text: string) => string): string {
  const time = `<LastModified>${modified.toISOString()}</LastModified>`;
  return `<Contents><Key>${written(key)}</Key>${time}<ETag>&quot;${etag}&quot;</ETag><Size>${body.length}</Size></Contents>`;
}

/** Opaque, so that nobody takes it for a key. */
function tokenOf(after: string): string {
  return `after.${Buffer.from(after).toString('base64url')}`;
}

function placeOf(token: string): string {
  if (!token.startsWith('after.')) throw new FakeError(400, 'InvalidArgument');
  return Buffer.from(token.slice('after.'.length), 'base64url').toString();
}
