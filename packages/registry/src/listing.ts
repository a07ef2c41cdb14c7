import type { CallOptions, ObjectInfo, ReadableStore } from '@atoll/storage';
import { isLiveLength } from './register-object.js';

/** What every driver gives in one request. */
export const LIST_LIMIT = 1000;
/** So many deleted names in a row cost one page ten listings, not one for each thousand of them. */
const LISTINGS_PER_PAGE = 10;

export interface NamePage {
  /** Names that sort after this one; any text, it need not exist. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Where names of one kind are kept. */
export interface NameSpace<T extends string> {
  readonly prefix: string;
  readonly isName: (text: string) => text is T;
  readonly keyOf: (name: T) => string;
  readonly nameOf: (key: string) => T | undefined;
}

/** Every object under `prefix`, in byte order. */
export async function* listAll(
  store: Pick<ReadableStore, 'list'>,
  prefix: string,
  o: CallOptions & { readonly after?: string } = {},
): AsyncGenerator<ObjectInfo> {
  let after = o.after;
  for (;;) {
    const page = await store.list(prefix, {
      signal: o.signal,
      limit: LIST_LIMIT,
      ...(after !== undefined && { after }),
    });
    yield* page.entries;
    after = page.entries.at(-1)?.key;
    if (!page.more || after === undefined) return;
  }
}

export interface FoundNames<T extends string> {
  readonly names: T[];
  /** What the next page begins after: the last of these names, or a deleted one; `undefined` at the end. */
  readonly next: string | undefined;
  /** Whether anything, deleted or not, was found. */
  readonly any: boolean;
}

/**
 * One page of names. The lengths in the listing tell deleted names apart, so nothing is read; a page asks again only while deleted
 * names leave it short. After ten listings it stays short, perhaps empty, and says where to go on: distribution-spec, Listing Tags,
 * lets a page have fewer than `n` names where a `Link` follows.
 */
export async function listNames<T extends string>(
  store: Pick<ReadableStore, 'list'>,
  space: NameSpace<T>,
  { after = '', limit, deletedToo = false }: NamePage & { readonly deletedToo?: boolean },
  o: CallOptions = {},
): Promise<FoundNames<T>> {
  const names: T[] = [];
  let seen: T | undefined;
  let any = false;
  let cursor = cursorFor(space, after);
  let most = Math.min(LIST_LIMIT, limit);
  for (let listings = 1; ; listings++) {
    const found = await store.list(space.prefix, {
      signal: o.signal,
      limit: most,
      ...(cursor !== undefined && { after: cursor }),
    });
    any ||= found.entries.length > 0;
    for (const entry of found.entries) {
      const name = space.nameOf(entry.key);
      if (name === undefined || name <= after) continue;
      seen = name;
      if (deletedToo || isLiveLength(entry.sizeBytes)) names.push(name);
    }
    const page = names.slice(0, limit);
    cursor = found.entries.at(-1)?.key;
    if (names.length > limit) return { names: page, next: page.at(-1), any };
    if (!found.more || cursor === undefined) return { names: page, next: undefined, any };
    if (names.length === limit) return { names: page, next: page.at(-1), any };
    if (!deletedToo && listings >= LISTINGS_PER_PAGE && seen !== undefined) return { names: page, next: seen, any };
    most = LIST_LIMIT;
  }
}

/** A key that sorts before all names after `after`: clients send any text, and drivers take only keys that names can make. */
function cursorFor<T extends string>(space: NameSpace<T>, after: string): string | undefined {
  for (let end = Math.min(after.length, 255); end > 0; end--) {
    const start = after.slice(0, end);
    if (space.isName(start)) return space.keyOf(start);
  }
  return undefined;
}
