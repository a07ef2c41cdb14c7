import { isStorageError, type Chunks, type Json, type PartReceipt } from '@atoll/storage';
import { FsStore } from '../fs-store.js';
import { KeyHistory } from './key-history.js';
import { PowerCutDisk, type Chance } from './power-cut-disk.js';
import { systemError } from './watched-files.js';

const ROOT = '/disk/root';
const KEYS = ['x/a', 'x/b', 'x/deep/er/c', 'y/d', 'y/E', 'y/deep/f'];
/** Of these, what is written is often short-lived, so that who reads beside the owner may see any earlier state. */
const SHORT_LIVED = new Set(['x/b', 'y/E', 'y/deep/f']);
/** Written in this order only, all of one number or those up to some point. */
const IN_ORDER = ['o/data', 'o/deep/link', 'o/record'];
const STEPS = 14;

interface Upload {
  readonly key: string;
  handle: Json;
  readonly receipts: PartReceipt[];
  readonly bytes: Buffer;
  readonly partBytes: number;
}

export interface WorldOptions {
  readonly chance: Chance;
  /** Whether files are flushed all at once or one by one. */
  readonly flushAll: boolean;
  /** How often a call fails while there is power. */
  readonly faults: number;
}

/** Writers and readers of one store on a disk that loses its power, and what they may expect of it. */
export class PowerCutWorld {
  readonly disk: PowerCutDisk;
  readonly #chance: Chance;
  readonly #options: WorldOptions;
  readonly #histories = KEYS.map((key) => new KeyHistory(key));
  /** Data objects that were acknowledged. */
  readonly #data = new Map<string, Buffer>();
  #upload: Upload | undefined;
  #uploads = 0;
  #sequences = 0;
  #acknowledgedSequence = 0;
  /** How many more calls there is power for. */
  #callsLeft = Infinity;
  #faults = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#chance = options.chance;
    this.disk = new PowerCutDisk(options.chance);
    this.disk.watch = (name) => {
      if (--this.#callsLeft < 0) this.disk.stop();
      else if (name !== 'stat' && this.#chance() < this.#faults) throw systemError(this.#pick(['EIO', 'ENOSPC']));
    };
  }

  /** One life of a process: it begins, works, and ends in one way or another. Then everything is checked by the next one. */
  async life(): Promise<void> {
    this.#callsLeft = this.#chance() < 0.2 ? Infinity : Math.floor(this.#chance() ** 2 * 900);
    const store = await this.#begin();
    if (store !== undefined) {
      this.#faults = this.#options.faults;
      const peer = await FsStore.open({ root: ROOT, files: this.disk.files, readOnly: true });
      await Promise.all([
        ...KEYS.map((_, at) => this.#write(store, at)),
        this.#read(peer),
        this.#putData(store),
        this.#putInOrder(store),
      ]);
      this.#faults = 0;
    }
    if (store !== undefined && this.#chance() < 0.5) await store.close().catch(onlyTrouble);
    await this.#end();
    await this.#check();
  }

  /** Whatever is acknowledged after a graceful end is there after a power cut. */
  async #check(): Promise<void> {
    this.#callsLeft = Infinity;
    const store = await FsStore.open(this.#storeOptions());
    for (const history of this.#histories) history.decide((await store.get(history.key))?.body);
    for (const [key, body] of this.#data) expectEqual(key, (await store.get(key))?.body, body);
    const { entries } = await store.list('', { limit: 1000 });
    for (const { key } of entries) if (!(await store.get(key))) throw new Error(`${key} is listed and not there`);
    const listed = new Set(entries.map(({ key }) => key));
    for (const { key } of this.#histories) {
      if (listed.has(key) !== ((await store.head(key)) !== undefined)) throw new Error(`${key} is listed wrongly`);
    }
    await this.#checkOrder(store);
    const drafts = await this.disk.files.readdir(`${ROOT}/tmp`);
    if (drafts.length > 0) throw new Error(`drafts are left: ${drafts.join()}`);
    await this.#goOn(store);
    await store.close();
    const log = await this.disk.files.readdir(`${ROOT}/log`);
    if (log.length > 0) throw new Error(`the log is left: ${log.join()}`);
    if (this.#chance() < 0.5) await this.#end();
  }

  async #putInOrder(store: FsStore): Promise<void> {
    for (let step = 0; step < STEPS / 2; step++) {
      const sequence = ++this.#sequences;
      const body = Buffer.from(String(sequence));
      const puts = IN_ORDER.map((key) => ({ key, body, condition: { blind: true } as const }));
      if ((await store.putInOrder(puts).catch(onlyTrouble)) !== 'trouble') this.#acknowledgedSequence = sequence;
    }
  }

  /** None is there without the one in front of it, and what was acknowledged is there. */
  async #checkOrder(store: FsStore): Promise<void> {
    const found = await Promise.all(IN_ORDER.map(async (key) => Number((await store.get(key))?.body ?? 0)));
    const falling = found.every((sequence, at) => at === 0 || sequence <= (found[at - 1] ?? 0));
    if (!falling || Math.min(...found) < this.#acknowledgedSequence) {
      throw new Error(`${found.join()} were written in order, and ${this.#acknowledgedSequence} was acknowledged`);
    }
  }

  async #begin(): Promise<FsStore | undefined> {
    try {
      return await FsStore.open(this.#storeOptions());
    } catch (cause) {
      onlyTrouble(cause);
      return undefined;
    }
  }

  /** By kill or by power cut; the lock is that of a process that is gone. */
  async #end(): Promise<void> {
    this.disk.stop();
    for (let turns = 0; turns < 50; turns++) await Promise.resolve();
    if (this.#chance() < 0.3) this.disk.resume();
    else this.disk.restart();
    this.#callsLeft = Infinity;
    const names = await this.disk.files.readdir(ROOT).catch(() => []);
    for (const name of names) if (name.startsWith('lock.')) await this.disk.files.unlink(`${ROOT}/${name}`);
  }

  #storeOptions() {
    const { disk } = this;
    const flushAll = this.#options.flushAll ? { flushAll: () => disk.flushAll() } : {};
    return {
      root: ROOT,
      files: disk.files,
      segmentBytes: 6_000,
      showAfterMs: Infinity,
      cacheBytes: this.#pick([0, 100_000]),
      ...flushAll,
    };
  }

  async #write(store: FsStore, at: number): Promise<void> {
    const history = this.#histories[at];
    for (let step = 0; history && step < STEPS; step++) await this.#change(store, history).catch(onlyTrouble);
  }

  async #change(store: FsStore, history: KeyHistory): Promise<void> {
    const { key } = history;
    // Otherwise it is not asked for: to ask for what has no file would make one.
    if (SHORT_LIVED.has(key) && this.#chance() < 0.5) return this.#changeUnseen(store, history);
    const now = await store.get(key);
    history.read(now?.body);
    const same = now ? { ifVersion: now.info.version } : ({ ifAbsent: true } as const);
    const condition = this.#chance() < 0.5 ? same : ({ blind: true } as const);
    const remove = now !== undefined && this.#chance() < 0.3;
    const { body, acknowledged } = history.begin(remove ? undefined : Math.floor(this.#chance() ** 4 * 9_000));
    const outcome =
      body === undefined
        ? await store.delete(key, 'ifAbsent' in condition ? { blind: true } : condition)
        : await store.put(key, body, condition, { shortLived: SHORT_LIVED.has(key) && this.#chance() < 0.8 });
    // Nobody else writes the key.
    if (outcome === 'conflict' || outcome === 'absent') throw new Error(`${key}: ${outcome}`);
    acknowledged();
    if (SHORT_LIVED.has(key) && this.#chance() < 0.1) await store.list(key.slice(0, 3), { limit: 10 });
  }

  async #changeUnseen(store: FsStore, history: KeyHistory): Promise<void> {
    const remove = this.#chance() < 0.6;
    const { body, acknowledged } = history.begin(remove ? undefined : Math.floor(this.#chance() ** 4 * 9_000));
    const outcome =
      body === undefined
        ? await store.delete(history.key, { blind: true })
        : await store.put(history.key, body, { blind: true }, { shortLived: true });
    // What finds nothing changes nothing: a put that failed before may still turn out to have happened.
    if (outcome !== 'absent') acknowledged();
  }

  async #read(peer: FsStore): Promise<void> {
    for (let step = 0; step < STEPS * 3; step++) {
      const history = this.#pick(this.#histories);
      const floor = SHORT_LIVED.has(history.key) ? 0 : history.floor;
      const found = await peer.get(history.key).catch(onlyTrouble);
      if (found !== 'trouble') history.read(found?.body, floor);
    }
  }

  async #putData(store: FsStore): Promise<void> {
    for (let step = 0; step < STEPS / 2; step++) {
      await (this.#chance() < 0.5 ? this.#putStream(store) : this.#putPart(store)).catch(onlyTrouble);
    }
  }

  async #putStream(store: FsStore): Promise<void> {
    const key = `d/${++this.#uploads}`;
    const bytes = Buffer.alloc(this.#pick([0, 900, 5_000, 70_000]), `${key} `);
    await store.putData(key, pieces(bytes));
    this.#data.set(key, bytes);
    if (this.#chance() > 0.3) return;
    this.#data.delete(key);
    if ((await store.delete(key, { blind: true })) !== 'deleted') throw new Error(`${key} was not there`);
    if (await store.head(key)) throw new Error(`${key} is still there`);
  }

  async #putPart(store: FsStore): Promise<void> {
    if (this.#upload === undefined) {
      const key = `d/${++this.#uploads}`;
      const handle = await store.beginData(key);
      this.#upload = { key, handle, receipts: [], bytes: Buffer.alloc(3_000, `${key} `), partBytes: 1_000 };
    }
    const { key, handle, receipts, bytes, partBytes } = this.#upload;
    const offsetBytes = receipts.length * partBytes;
    if (offsetBytes < bytes.length) {
      const part = bytes.subarray(offsetBytes, offsetBytes + partBytes);
      const number = receipts.length + 1;
      try {
        receipts.push(await store.writePart(key, handle, { number, offsetBytes }, pieces(part)));
      } catch (cause) {
        // What holds no acknowledged byte may be gone.
        if (!isStorageError(cause, 'unknown-upload') || number > 1) throw cause;
        this.#upload = undefined;
      }
      return;
    }
    await store.completeData(key, handle, receipts);
    this.#data.set(key, bytes);
    this.#upload = undefined;
  }

  /** An upload goes on with the parts that were acknowledged. */
  async #goOn(store: FsStore): Promise<void> {
    while (this.#upload !== undefined) await this.#putPart(store);
    for (const [key, body] of this.#data) expectEqual(key, (await store.get(key))?.body, body);
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#chance() * from.length)] as T;
  }
}

/** @throws what is not a disk's fault */
function onlyTrouble(cause: unknown): 'trouble' {
  if (isStorageError(cause) && ['full', 'unavailable'].includes(cause.kind)) return 'trouble';
  throw cause;
}

function expectEqual(key: string, found: Buffer | undefined, wanted: Buffer): void {
  if (!found?.equals(wanted)) throw new Error(`${key} is ${found ? 'not what was written' : 'gone'}`);
}

async function* pieces(bytes: Buffer): Chunks {
  for (let at = 0; at < bytes.length; at += 30_000) yield bytes.subarray(at, at + 30_000);
}
