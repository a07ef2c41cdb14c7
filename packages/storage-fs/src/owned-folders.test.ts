import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Lister } from './lister.js';
import { OwnedFolders, type Left } from './owned-folders.js';
import type { FileFacts } from './publisher.js';

const KEYS = ['a/1', 'a/2', 'a/3', 'a/b/1', 'a/b/2', 'a/c/1', 'a/c/d/1', 'd'];
const ROOMS = fc.constantFrom(1_000_000, 2_000, 0);

/** A file until it could not be seen any more. */
interface Life {
  readonly key: string;
  readonly facts: FileFacts;
  until: number;
}

/** Files in memory, where each call and each part of one waits for its turn. A folder is read as badly as a system may read it. */
class Disk {
  readonly #turn: () => Promise<void>;
  readonly files = new Map<string, Life>();
  readonly lives: Life[] = [];
  readonly removals: { key: string; at: number }[] = [];
  readonly calls = { read: 0, facts: 0 };
  now = 0;

  constructor(turn: () => Promise<void>) {
    this.#turn = turn;
  }

  async read(folder: string, onSegment: (segment: string) => void): Promise<void> {
    this.calls.read++;
    await this.#turn();
    const rests = [...this.files.keys()].filter((key) => key.startsWith(folder)).map((key) => key.slice(folder.length));
    // What is made from now on is missed, and what is removed is told all the same.
    for (const segment of new Set(rests.map((rest) => /^[^/]*\/?/.exec(rest)?.[0] ?? ''))) {
      await this.#turn();
      onSegment(segment);
    }
  }

  async facts(key: string): Promise<FileFacts | undefined> {
    this.calls.facts++;
    await this.#turn();
    const found = this.files.get(key)?.facts;
    await this.#turn();
    return found;
  }

  put(key: string): FileFacts {
    this.#end(key);
    const facts = { mtimeNs: BigInt(this.now), ino: 1n, size: 1n };
    const life = { key, facts, until: Number.POSITIVE_INFINITY };
    this.files.set(key, life);
    this.lives.push(life);
    return facts;
  }

  remove(key: string): void {
    this.removals.push({ key, at: this.now });
    this.#end(key);
    this.files.delete(key);
  }

  #end(key: string): void {
    const life = this.files.get(key);
    if (life) life.until = this.now;
    this.now++;
  }
}

function open(turn: () => Promise<void>, maxBytes: number) {
  const disk = new Disk(turn);
  const folders = new OwnedFolders(disk, maxBytes);
  const lister = new Lister(folders, (key, { mtimeNs }) => ({
    key,
    sizeBytes: 1,
    version: String(mtimeNs),
    modified: new Date(0),
  }));
  return { disk, folders, lister };
}

type Way =
  | 'put'
  | 'put of which nothing is told'
  | 'delete'
  | 'put that fails before it is seen'
  | 'put that fails after it is seen';

const WRITES: Readonly<Record<Way, (disk: Disk, key: string) => Promise<Left>>> = {
  put: async (disk, key) => ({ left: disk.put(key) }),
  'put of which nothing is told': async (disk, key) => {
    disk.put(key);
    return {};
  },
  delete: async (disk, key) => {
    disk.remove(key);
    return { left: 'nothing' };
  },
  'put that fails before it is seen': () => Promise.reject(new Error('before')),
  'put that fails after it is seen': async (disk, key) => {
    disk.put(key);
    throw new Error('after');
  },
};

const writes = fc.array(
  fc.record({
    key: fc.constantFrom(...KEYS),
    how: fc.constantFrom(...(Object.keys(WRITES) as Way[])),
  }),
  { maxLength: 40 },
);

describe('lists while files are written', () => {
  test('show once what is there throughout, and nothing that is not there meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), writes, ROOMS, fc.integer({ min: 1, max: 4 }), async (s, all, room, limit) => {
        const turn = () => s.schedule(Promise.resolve());
        const { disk, folders, lister } = open(turn, room);
        for (const key of KEYS.slice(0, 4)) disk.put(key);
        const tails = new Map<string, Promise<unknown>>();
        const write = async (key: string, how: Way): Promise<void> => {
          await turn();
          const task = async (): Promise<Left> => {
            await turn();
            const left = await WRITES[how](disk, key);
            await turn();
            return left;
          };
          await folders.change(key, task).catch(() => undefined);
        };
        for (const { key, how } of all)
          tails.set(
            key,
            (tails.get(key) ?? Promise.resolve()).then(() => write(key, how)),
          );
        // Whatever is there, and not only being made, is never said to be missing.
        const checking = async (): Promise<void> => {
          for (let n = 0; n < 12; n++) {
            await turn();
            expect([...disk.files.keys()].filter((key) => folders.lacks(key))).toEqual([]);
          }
        };
        const listing = async (): Promise<void> => {
          await turn();
          const begin = disk.now;
          const atBegin = [...disk.files.keys()].filter((key) => key.startsWith('a/'));
          const found: { key: string; version: string }[] = [];
          for (let more = true; more;) {
            const page = await lister.list('a/', { after: found.at(-1)?.key ?? '', limit });
            found.push(...page.entries);
            ({ more } = page);
          }
          const removed = new Set(disk.removals.filter(({ at }) => at >= begin).map(({ key }) => key));
          const keys = found.map(({ key }) => key);
          expect(keys).toEqual([...new Set(keys)].sort());
          expect(keys).toEqual(expect.arrayContaining(atBegin.filter((key) => !removed.has(key))));
          const lives = disk.lives.filter(({ until }) => until >= begin);
          const seen = lives.map(({ key, facts }) => `${key} ${facts.mtimeNs}`);
          expect(seen).toEqual(expect.arrayContaining(found.map(({ key, version }) => `${key} ${version}`)));
        };
        await s.waitFor(Promise.all([...tails.values(), listing(), listing(), listing().then(listing), checking()]));
        expect([...disk.files.keys()].filter((key) => folders.lacks(key))).toEqual([]);

        const rest = lister.list('', { limit: 100 });
        const { entries } = await s.waitFor(rest);
        const expected = [...disk.files.values()].map(({ key, facts }) => `${key} ${facts.mtimeNs}`).sort();
        expect(entries.map(({ key, version }) => `${key} ${version}`)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  test('ask the disk nothing once they have seen everything, whatever is written', async () => {
    await fc.assert(
      fc.asyncProperty(writes, async (all) => {
        const { disk, folders, lister } = open(() => Promise.resolve(), 1_000_000);
        for (const key of KEYS) disk.put(key);
        await lister.list('', { limit: 100 });
        for (const { key, how } of all) {
          if (how !== 'put' && how !== 'delete') continue;
          await folders.change(key, () => WRITES[how](disk, key));
        }
        const before = { ...disk.calls };
        const { entries } = await lister.list('', { limit: 100 });
        expect(entries.map(({ key }) => key)).toEqual([...disk.files.keys()].sort());
        expect(disk.calls).toEqual(before);
      }),
    );
  });
});

test('what was read of a file before it was replaced is not kept', async () => {
  const read = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const { disk, folders, lister } = open(() => Promise.resolve(), 1_000_000);
  disk.put('a/1');
  const facts = disk.facts.bind(disk);
  disk.facts = async (key) => {
    const found = await facts(key);
    read.resolve();
    await answered.promise;
    return found;
  };
  const slow = lister.list('a/', { limit: 10 });
  await read.promise;
  const { left } = await folders.change('a/1', async () => ({ left: disk.put('a/1') }));
  answered.resolve();
  await slow;
  const { entries } = await lister.list('a/', { limit: 10 });
  expect(entries.map(({ version }) => version)).toEqual([String(left.mtimeNs)]);
});

describe('what is not there', () => {
  const put = ({ disk, folders }: ReturnType<typeof open>, key: string) =>
    folders.change(key, async () => ({ left: disk.put(key) }));

  test('is known in a folder that was listed, and below what it does not have', async () => {
    const opened = open(() => Promise.resolve(), 1_000_000);
    for (const key of KEYS) opened.disk.put(key);
    const { folders } = opened;
    expect(['a/9', 'b/1', 'x'].map((key) => folders.lacks(key))).toEqual([false, false, false]);
    await folders.view('a/');
    expect(['a/9', 'a/x/y/1', 'a/b/9', 'b/1'].map((key) => folders.lacks(key))).toEqual([true, true, false, false]);
    await folders.view('');
    expect(['a/9', 'a/b/9', 'b/1', 'x'].map((key) => folders.lacks(key))).toEqual([true, false, true, true]);
    expect(KEYS.filter((key) => folders.lacks(key))).toEqual([]);
  });

  test('is known in folders that are made, from the first change on, and no list reads them', async () => {
    const opened = open(() => Promise.resolve(), 1_000_000);
    const { disk, folders, lister } = opened;
    await folders.view('');
    const made = put(opened, 'l/00/app/@/1');
    expect(['l/00/app/@/1', 'l/00/app/@/2', 'l/01/x'].map((key) => folders.lacks(key))).toEqual([false, true, true]);
    await made;
    expect(folders.lacks('l/00/app/@/1')).toBe(false);
    await folders.change('l/00/app/@/1', async () => {
      disk.remove('l/00/app/@/1');
      return { left: 'nothing' };
    });
    expect(folders.lacks('l/00/app/@/1')).toBe(true);
    await put(opened, 'l/00/app/@/2');
    const { entries } = await lister.list('', { limit: 10 });
    expect([entries.map(({ key }) => key), disk.calls.read]).toEqual([['l/00/app/@/2'], 1]);
  });

  test('is not known of a change that failed, nor of one that is under way', async () => {
    const opened = open(() => Promise.resolve(), 1_000_000);
    await opened.folders.view('');
    const failing = opened.folders.change('a/1', () => Promise.reject(new Error('full')));
    expect(opened.folders.lacks('a/1')).toBe(false);
    await expect(failing).rejects.toThrow('full');
    expect(opened.folders.lacks('a/1')).toBe(false);
  });

  test('is forgotten of folders that were never listed first, and of one that has too many names at once', async () => {
    const opened = open(() => Promise.resolve(), 8_000);
    const { disk, folders } = opened;
    disk.put('t/1');
    await folders.view('');
    await folders.view('t/');
    for (let n = 100; n < 200; n++) await put(opened, `d/${n}`);
    expect([folders.lacks('d/x'), folders.lacks('t/x'), folders.lacks('u/x')]).toEqual([false, true, true]);
    for (let n = 100; n < 120; n++) await put(opened, `f${n}/1`);
    expect(['f100/2', 'f119/2', 't/x', 'u/x'].map((key) => folders.lacks(key))).toEqual([false, true, true, true]);
  });
});

describe('the memory of listed folders', () => {
  const list = async ({ lister }: ReturnType<typeof open>, prefix: string) =>
    (await lister.list(prefix, { limit: 1_000 })).entries.map(({ key }) => key);

  test('keeps what was listed last', async () => {
    const opened = open(() => Promise.resolve(), 3_000);
    for (const folder of ['a', 'b', 'c', 'd']) opened.disk.put(`${folder}/1`);
    for (const prefix of ['a/', 'b/', 'c/', 'a/', 'd/', 'a/']) expect(await list(opened, prefix)).toHaveLength(1);
    expect(opened.disk.calls.read).toBe(4);
    await list(opened, 'b/');
    expect(opened.disk.calls.read).toBe(5);
  });

  test('does without a folder that is too large for it, and keeps the others', async () => {
    const opened = open(() => Promise.resolve(), 3_000);
    opened.disk.put('a/1');
    for (let i = 100; i < 200; i++) opened.disk.put(`b/${i}`);
    await list(opened, 'a/');
    expect(await list(opened, 'b/')).toHaveLength(100);
    expect(await list(opened, 'b/')).toHaveLength(100);
    await list(opened, 'a/');
    expect(opened.disk.calls.read).toBe(3);
  });

  test('leaves room for names rather than keep what can be read file by file', async () => {
    const opened = open(() => Promise.resolve(), 4_500);
    for (let i = 100; i < 200; i++) opened.disk.put(`a/${i}`);
    await list(opened, 'a/');
    await list(opened, 'a/');
    expect(opened.disk.calls.read).toBe(1);
    expect(opened.disk.calls.facts).toBe(200);
  });

  test('forgets a name whose file is gone when a list finds that', async () => {
    const opened = open(() => Promise.resolve(), 1_000_000);
    opened.disk.put('a/1');
    await list(opened, 'a/');
    const failing = opened.folders.change('a/2', () => Promise.reject(new Error('full')));
    await expect(failing).rejects.toThrow('full');
    const asked: number[] = [];
    for (let i = 0; i < 3; i++) {
      expect(await list(opened, 'a/')).toEqual(['a/1']);
      asked.push(opened.disk.calls.facts);
    }
    expect(asked).toEqual([2, 2, 2]);
  });

  test('reads a folder once for all who ask for it at a time, and again after it could not be read', async () => {
    const opened = open(() => Promise.resolve(), 1_000_000);
    opened.disk.put('a/1');
    const read = opened.disk.read.bind(opened.disk);
    opened.disk.read = () => Promise.reject(new Error('too many open files'));
    await expect(list(opened, 'a/')).rejects.toThrow('too many');
    opened.disk.read = read;
    expect(await Promise.all([list(opened, 'a/'), list(opened, 'a/')])).toEqual([['a/1'], ['a/1']]);
    expect(opened.disk.calls.read).toBe(1);
  });
});
