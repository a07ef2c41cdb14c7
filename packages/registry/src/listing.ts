import type { CallOptions, ObjectInfo, ReadableStore } from '@atoll/storage';
import { isLiveLength } from './register-object.js';

/** What every driver gives in one request. */
export const LIST_LIMIT = 1000;

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

/**
 * One page of names. The lengths in the listing tell deleted names apart, so nothing is read; a page asks again only while deleted
 * names leave it short. `any` tells whether anything, deleted or not, was found.
 */
export async function listNames<T extends string>(
  store: Pick<ReadableStore, 'list'>,
  space: NameSpace<T>,
  page: NamePage & { readonly deletedToo?: boolean },
  o: CallOptions = {},
): Promise<{ names: T[]; more: boolean; any: boolean }> {
  const names: T[] = [];
  let any = false;
  let cursor = cursorFor(space, page.after ?? '');
  let limit = Math.min(LIST_LIMIT, page.limit);
  for (;;) {
    const found = await store.list(space.prefix, {
      signal: o.signal,
      limit,
      ...(cursor !== undefined && { after: cursor }),
    });
    any ||= found.entries.length > 0;
    for (const entry of found.entries) {
      const name = space.nameOf(entry.key);
      if (name === undefined || name <= (page.after ?? '')) continue;
      if (page.deletedToo || isLiveLength(entry.sizeBytes)) names.push(name);
    }
    const full = names.length >= page.limit;
    cursor = found.entries.at(-1)?.key;
    if (full || !found.more || cursor === undefined) {
      return { names: names.slice(0, page.limit), more: names.length > page.limit || (full && found.more), any };
    }
    limit = LIST_LIMIT;
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
