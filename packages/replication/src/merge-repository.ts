import { keys } from '@atoll/storage';
import pLimit from 'p-limit';
import { clearMark, isDirtyMark } from './dirty-mark.js';
import { checkDeadline, type MergeContext } from './merge-context.js';
import { mergeManifest } from './merge-manifest.js';
import { mergeTag } from './merge-tag.js';

const NAMES_AT_ONCE = 8;
const PAGE = 1000;

/**
 * Takes in every manifest and tag the peer has of a repository, deleted ones too, then removes the repository's dirty marker unless it
 * was marked again meanwhile. One name that fails does not keep the others back.
 * @throws the first failure, when all else has been tried
 */
export async function mergeRepository(context: MergeContext): Promise<void> {
  const { reader, registry, repository, source, signal } = context;
  const key = keys.dirtyMarker(source, repository);
  const marker = await registry.store.head(key, { signal });
  const isMarked = marker !== undefined && isDirtyMark(marker);
  const failures: unknown[] = [];
  const tryEach = <T>(names: readonly T[], merge: (name: T) => Promise<void>) =>
    pLimit(NAMES_AT_ONCE).map(names, (name) => merge(name).catch((cause: unknown) => failures.push(cause)));

  for await (const digests of pages(
    (after) => reader.listManifestDigests(repository, page(after), { signal }),
    'digests',
  )) {
    await tryEach(digests, (digest) => mergeManifest(context, digest));
  }
  for await (const tags of pages((after) => reader.listTagNames(repository, page(after), { signal }), 'tags')) {
    await tryEach(tags, (tag) => mergeTag(context, tag));
  }
  if (failures.length > 0) throw failures[0];
  if (!isMarked) return;
  checkDeadline(context);
  await clearMark(registry.store, marker, { signal });
}

function page(after: string | undefined): { after?: string | undefined; limit: number } {
  return { after, limit: PAGE };
}

async function* pages<K extends string, T extends string>(
  read: (after: string | undefined) => Promise<{ readonly more: boolean } & { readonly [key in K]: T[] }>,
  names: K,
): AsyncGenerator<T[]> {
  let after: T | undefined;
  for (;;) {
    const found = await read(after);
    yield found[names];
    after = found[names].at(-1);
    if (!found.more || after === undefined) return;
  }
}
