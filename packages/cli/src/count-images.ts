import type { RepositoryName } from '@atoll/core';
import type { Registry } from '@atoll/registry';

const PAGE = 1000;

/** How many tags the region serves, which is what people count as images. Costs a listing per thousand tags and per repository. */
export async function countImages(
  { catalog, tags }: Pick<Registry, 'catalog' | 'tags'>,
  o: { readonly signal?: AbortSignal } = {},
): Promise<number> {
  let images = 0;
  for await (const repository of all((after) => catalog.list({ after, limit: PAGE }, o).then(asPage))) {
    for await (const _tag of all((after) => tagsOf({ tags }, repository, after, o))) images += 1;
  }
  return images;
}

interface Page<T> {
  readonly names: readonly T[];
  readonly next: string | undefined;
}

function asPage({ repositories, next }: Awaited<ReturnType<Registry['catalog']['list']>>): Page<RepositoryName> {
  return { names: repositories, next };
}

async function tagsOf(
  { tags }: Pick<Registry, 'tags'>,
  repository: RepositoryName,
  after: string | undefined,
  o: { readonly signal?: AbortSignal },
) {
  const page = await tags.list(repository, { after, limit: PAGE }, o);
  return { names: page.tags, next: page.next };
}

async function* all<T extends string>(list: (after: string | undefined) => Promise<Page<T>>): AsyncGenerator<T> {
  let after: string | undefined;
  do {
    const { names, next } = await list(after);
    yield* names;
    after = next;
  } while (after !== undefined);
}
