import type { ObjectInfo } from '@atoll/storage';
import { LRUCache } from 'lru-cache';

export interface CachedObject {
  readonly info: ObjectInfo;
  readonly body: Uint8Array;
}

/** That there is no object, which is asked for before most of them are made. */
export type Known = CachedObject | 'absent';

/** What a write has left, if it is to be kept. */
export interface Change {
  readonly stored?: CachedObject;
}

const MAX_OBJECT_BYTES = 262_144;
// What an entry takes beside its key and body, roughly.
const ENTRY_BYTES = 400;
const SHARE_OF_ABSENT = 1 / 16;

/**
 * Small objects, as they are on disk: right only while no other process writes. A reader may fill in what it has read unless a
 * write of that key was under way or has begun since it announced the read, for it may have read what was there before.
 */
export class ObjectCache {
  readonly #objects: LRUCache<string, CachedObject>;
  /** Apart, so that whoever asks for many that are not there does not drive out those that are. */
  readonly #absent: LRUCache<string, true>;
  /** How many writes of a key are under way. */
  readonly #writing = new Map<string, number>();
  readonly #fills = new Map<string, symbol>();

  constructor(maxBytes: number) {
    this.#objects = new LRUCache({
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: ({ body }, key) => body.length + key.length * 2 + ENTRY_BYTES,
    });
    this.#absent = new LRUCache({
      maxSize: Math.max(1, Math.floor(maxBytes * SHARE_OF_ABSENT)),
      sizeCalculation: (_, key) => key.length * 2 + ENTRY_BYTES,
    });
  }

  /** The caller copies the body before it hands it out. */
  get(key: string): Known | undefined {
    return this.#objects.get(key) ?? (this.#absent.get(key) && 'absent');
  }

  /** Announces a read from disk; what it answers is called with what was found, or with nothing when the read failed. */
  beginFill(key: string): (found: Known | undefined) => void {
    if (this.#writing.has(key)) return nothing;
    const ticket = Symbol(key);
    this.#fills.set(key, ticket);
    return (found) => {
      if (this.#fills.get(key) !== ticket) return;
      this.#fills.delete(key);
      if (found === 'absent') this.#absent.set(key, true);
      else if (found !== undefined) this.#keep(found);
    };
  }

  /**
   * Runs a write of a key, and keeps the object it answers; only a write that is the only one may answer one. Until then readers go to
   * the disk, and if it fails they do afterwards, too, because what became of it is not known.
   */
  async write<T extends Change>(key: string, task: () => Promise<T>): Promise<T> {
    this.#objects.delete(key);
    this.#absent.delete(key);
    this.#fills.delete(key);
    this.#writing.set(key, (this.#writing.get(key) ?? 0) + 1);
    try {
      const outcome = await task();
      if (outcome.stored !== undefined) this.#keep(outcome.stored);
      return outcome;
    } finally {
      const others = (this.#writing.get(key) ?? 1) - 1;
      if (others > 0) this.#writing.set(key, others);
      else this.#writing.delete(key);
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
