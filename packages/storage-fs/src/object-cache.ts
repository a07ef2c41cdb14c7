import type { ObjectInfo } from '@atoll/storage';
import { LRUCache } from 'lru-cache';

export interface CachedObject {
  readonly info: ObjectInfo;
  readonly body: Uint8Array;
}

/** What a write has left, if it is to be kept. */
export interface Change {
  readonly stored?: CachedObject;
}

const MAX_OBJECT_BYTES = 262_144;
// What an entry takes beside its key and body, roughly.
const ENTRY_BYTES = 400;

/**
 * Small objects, as they are on disk: right only while no other process writes. A reader may fill in what it has read unless a
 * write of that key was under way or has begun since it announced the read, for it may have read what was there before.
 */
export class ObjectCache {
  readonly #objects: LRUCache<string, CachedObject>;
  readonly #writing = new Set<string>();
  readonly #fills = new Map<string, symbol>();

  constructor(maxBytes: number) {
    this.#objects = new LRUCache({
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: ({ body }, key) => body.length + key.length * 2 + ENTRY_BYTES,
    });
  }

  /** The caller copies the body before it hands it out. */
  get(key: string): CachedObject | undefined {
    return this.#objects.get(key);
  }

  /** Announces a read from disk; what it answers is called with the object once that is read. */
  beginFill(key: string): (object: CachedObject | undefined) => void {
    if (this.#writing.has(key)) return nothing;
    const ticket = Symbol(key);
    this.#fills.set(key, ticket);
    return (object) => {
      if (this.#fills.get(key) !== ticket) return;
      this.#fills.delete(key);
      if (object !== undefined) this.#keep(object);
    };
  }

  /**
   * Runs the only write of a key that is under way, and keeps the object it answers. Until then readers go to the disk, and if it
   * fails they do afterwards, too, because what became of it is not known.
   */
  async write<T extends Change>(key: string, task: () => Promise<T>): Promise<T> {
    this.#objects.delete(key);
    this.#fills.delete(key);
    this.#writing.add(key);
    try {
      const outcome = await task();
      if (outcome.stored !== undefined) this.#keep(outcome.stored);
      return outcome;
    } finally {
      this.#writing.delete(key);
    }
  }

  #keep(object: CachedObject): void {
    if (object.body.length > MAX_OBJECT_BYTES) return;
    // A copy: the caller goes on to use its own. In memory of its own, too: a small Buffer is a piece of 64 KiB that others share, and
    // would keep all of it.
    this.#objects.set(object.info.key, { info: object.info, body: new Uint8Array(object.body) });
  }
}

const nothing = (): void => undefined;
