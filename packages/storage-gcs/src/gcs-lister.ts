import {
  compareKeys,
  StorageError,
  type CallOptions,
  type Listed,
  type ListOptions,
  type ObjectInfo,
} from '@atoll/storage';
import { z } from 'zod';
import { readJson } from './answers.js';
import type { GcsCalls } from './gcs-calls.js';
import { GcsFailure, toStorageError } from './gcs-failure.js';
import { infoOf, ObjectResource } from './object-info.js';
import type { Place } from './place.js';

/** What one request answers at most, whatever it asks for. */
const MOST_OBJECTS = 1_000;
const FIELDS = 'items(name,generation,size,updated),nextPageToken';

const Page = z.object({ items: z.array(ObjectResource).default([]), nextPageToken: z.string().optional() });
type Page = z.output<typeof Page>;

export class GcsLister {
  constructor(
    private readonly calls: GcsCalls,
    private readonly place: Place,
  ) {}

  /**
   * Pages may be shorter than asked for, or empty: more are read until `limit` keys are there or none follows. One key more than the
   * limit is asked for, where a page has room for it, as a token alone does not promise that anything follows.
   */
  async list(prefix: string, { signal, after = '', limit }: ListOptions): Promise<Listed> {
    const inside = after.startsWith(prefix);
    // Whatever begins with the prefix comes before this key.
    if (!inside && compareKeys(after, prefix) > 0) return { entries: [], more: false };
    const entries: ObjectInfo[] = [];
    const enough = limit % MOST_OBJECTS === 0 ? limit : limit + 1;
    let token: string | undefined;
    try {
      do {
        const maxResults = Math.min(enough - entries.length, MOST_OBJECTS);
        const page = await this.#page(prefix, inside ? after : '', { maxResults, pageToken: token }, { signal });
        entries.push(...this.#inOrder(page, entries.at(-1)?.key ?? after));
        token = nextToken(page, token);
      } while (token !== undefined && entries.length < enough);
    } catch (cause) {
      throw toStorageError(cause, this.place.url);
    }
    return { entries: entries.slice(0, limit), more: token !== undefined || entries.length > limit };
  }

  /** The server counts from the offset itself. No key has a character before `!`, so this is the first place behind `after`. */
  #page(
    prefix: string,
    after: string,
    page: { readonly maxResults: number; readonly pageToken: string | undefined },
    o: CallOptions,
  ): Promise<Page> {
    const path = this.place.list(prefix, after === '' ? '' : `${after}!`, { ...page, fields: FIELDS });
    return this.calls.send({ method: 'GET', path }, readJson(Page), o);
  }

  /** @throws StorageError 'unsupported' where a server lists in another order, or from another place */
  #inOrder({ items }: Page, from: string): ObjectInfo[] {
    let last = from;
    return items.map((resource) => {
      const info = infoOf(this.place.keyOf(resource.name), resource);
      if (last !== '' && compareKeys(info.key, last) <= 0) {
        throw new StorageError('unsupported', `${this.place.url} does not list keys in the order of their bytes`);
      }
      last = info.key;
      return info;
    });
  }
}

/** @throws GcsFailure for a server that goes round in circles */
function nextToken({ nextPageToken }: Page, before: string | undefined): string | undefined {
  if (nextPageToken === undefined || nextPageToken === '') return undefined;
  if (nextPageToken === before) throw new GcsFailure('lost', 'EndlessList');
  return nextPageToken;
}
