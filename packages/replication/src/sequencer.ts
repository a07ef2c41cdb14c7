import { systemClock, type Clock } from '@atoll/core';
import { encodeJson, Journal, listAll, type JournalEntry } from '@atoll/registry';
import { keys, type CallOptions, type ObjectStore } from '@atoll/storage';
import pLimit from 'p-limit';
import { readHead, updateHead } from './journal-objects.js';
import { reasonOf, silentLog, type ReplicationLog } from './log.js';

/** How long a region may be away and still follow the journal; after that it compares repositories. */
const SEGMENT_LIFETIME_MS = 14 * 24 * 60 * 60 * 1000;

const MAX_ENTRIES = 1000;
const CALLS_AT_ONCE = 32;

export interface SequencerParts {
  readonly store: ObjectStore;
  readonly shards: number;
  readonly clock?: Clock;
  readonly log?: ReplicationLog;
}

/**
 * Gives a region's raw journal entries numbers, by putting them into segments that are created one after another.
 *
 * Any number of sequencers may run at once, and each may stall or die between any two calls: creating a segment only where none is
 * decides who gets a number, and raw entries are deleted only when a segment that holds them stands above the floor. The worst that
 * comes of a race or a crash is an entry in two segments, and applying a change twice does nothing (docs/adr/0003-journal.md).
 */
export class Sequencer {
  readonly shards: number;
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #log: ReplicationLog;

  constructor({ store, shards, clock = systemClock, log = silentLog }: SequencerParts) {
    this.#store = store;
    this.shards = shards;
    this.#clock = clock;
    this.#log = log;
  }

  /** Seals at most a thousand entries; answers how many. One listing when there are none. */
  async step(shard: number, o: CallOptions = {}): Promise<number> {
    const { entries: found } = await this.#store.list(keys.rawEntries(shard), { ...o, limit: MAX_ENTRIES });
    if (found.length === 0) return 0;
    const raw = await this.#read(
      found.map(({ key }) => key),
      o,
    );
    if (raw.length === 0) return 0;
    await this.#seal(
      shard,
      raw.map(({ entry }) => entry),
      o,
    );
    await pLimit(CALLS_AT_ONCE).map(raw, ({ key }) => this.#store.delete(key, { blind: true }, o));
    return raw.length;
  }

  /**
   * Deletes segments older than two weeks. The floor is raised first, so that a region that still wants one of them learns that it is
   * too late instead of waiting for ever.
   */
  async retire(o: CallOptions = {}): Promise<{ removed: number }> {
    let removed = 0;
    for (let shard = 0; shard < this.shards; shard++) removed += await this.#retire(shard, o);
    return { removed };
  }

  async #retire(shard: number, o: CallOptions): Promise<number> {
    const before = this.#clock.now() - SEGMENT_LIFETIME_MS;
    const { next, floor } = await readHead(this.#store, shard, o);
    const old: string[] = [];
    let last = floor;
    for await (const { key, modified } of listAll(this.#store, keys.segments(shard), o)) {
      const number = Number(key.slice(keys.segments(shard).length));
      if (number > floor && (number >= next || modified.getTime() >= before)) break;
      last = Math.max(last, number);
      old.push(key);
    }
    if (old.length === 0) return 0;
    await updateHead(this.#store, shard, (head) => (head.floor >= last ? undefined : { ...head, floor: last }), o);
    await pLimit(CALLS_AT_ONCE).map(old, (key) => this.#store.delete(key, { blind: true }, o));
    return old.length;
  }

  /** An entry that has gone meanwhile was sealed by another sequencer; one that cannot be read stays, and is told of. */
  async #read(found: readonly string[], o: CallOptions): Promise<{ key: string; entry: JournalEntry }[]> {
    const read = await pLimit(CALLS_AT_ONCE).map(found, async (key) => {
      const object = await this.#store.get(key, o);
      if (object === undefined) return [];
      try {
        return [{ key, entry: Journal.parseEntry(object.body, key) }];
      } catch (cause) {
        this.#log.error('journal entry unreadable', { key, reason: reasonOf(cause) });
        return [];
      }
    });
    return read.flat();
  }

  async #seal(shard: number, entries: readonly JournalEntry[], o: CallOptions): Promise<number> {
    const body = encodeJson({ at: this.#clock.now(), entries });
    for (;;) {
      const number = await this.#create(shard, body, o);
      const head = await updateHead(
        this.#store,
        shard,
        (old) => (old.next > number ? undefined : { ...old, next: number + 1 }),
        o,
      );
      if (number > head.floor) return number;
      // This process stalled for weeks: the number it took had been used and retired, so nobody will look there.
      await this.#store.delete(keys.segment(shard, number), { blind: true }, o);
    }
  }

  /** At the first free number from the head on: a sequencer that died before it moved the head has left its number taken. */
  async #create(shard: number, body: Uint8Array, o: CallOptions): Promise<number> {
    let { next } = await readHead(this.#store, shard, o);
    while ((await this.#store.put(keys.segment(shard, next), body, { ifAbsent: true }, o)) === 'conflict') next += 1;
    return next;
  }
}
