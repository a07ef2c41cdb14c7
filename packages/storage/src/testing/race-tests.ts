import { expect, test } from '@jest/globals';
import type { ObjectStore } from '../object-store.js';
import type { Subject } from './describe-object-store.js';
import { listAll, read, sample, write } from './samples.js';

const RACERS = Array.from({ length: 25 }, (_, n) => n);

export function raceTests(subject: Subject): void {
  test('of 25 that create one key, one wins, and its bytes are there', async () => {
    const { store } = subject();
    for (const round of [1, 2, 3]) {
      const key = `race/create-${round}`;
      const outcomes = await Promise.all(
        RACERS.map((n) => store.put(key, Buffer.from(`racer ${n}`), { ifAbsent: true })),
      );
      const winners = RACERS.filter((n) => outcomes[n] !== 'conflict');
      expect(winners).toHaveLength(1);
      expect(await read(store, key)).toBe(`racer ${winners[0]}`);
      expect(outcomes[winners[0] ?? 0]).toEqual({ version: (await store.head(key))?.version });
    }
  });

  test('of 25 that replace one version, one wins', async () => {
    const { store } = subject();
    const ifVersion = await write(store, 'race/cas', 'start');
    const outcomes = await Promise.all(RACERS.map((n) => store.put('race/cas', Buffer.from(`${n}`), { ifVersion })));
    const winners = RACERS.filter((n) => outcomes[n] !== 'conflict');
    expect(winners).toHaveLength(1);
    expect(await read(store, 'race/cas')).toBe(String(winners[0]));
  });

  test('25 that count by compare-and-swap lose nothing', async () => {
    const { store } = subject();
    await write(store, 'race/count', '{"count":0,}');
    await Promise.all(RACERS.map((n) => addOne(store, 'race/count', n)));
    expect(await read(store, 'race/count')).toContain('"count":25,');
  });

  test('a conditional delete and a conditional put of one version never both succeed', async () => {
    const { store } = subject();
    if (!store.capabilities.conditionalDelete) return;
    for (let round = 0; round < 20; round++) {
      const key = `race/delete-${round}`;
      const ifVersion = await write(store, key, 'old');
      const [deleted, put] = await Promise.all([
        store.delete(key, { ifVersion }),
        store.put(key, Buffer.from('new'), { ifVersion }),
      ]);
      const putWon = put !== 'conflict';
      expect(deleted === 'deleted').toBe(!putWon);
      expect(await read(store, key)).toBe(putWon ? 'new' : undefined);
    }
  });

  test('who reads while others replace sees one of the objects, whole, under its own version', async () => {
    const { store } = subject();
    const bodies = ['a', 'b', 'c'].map((seed, n) => sample(100_000 + n, seed));
    const versions = new Map<string, number>();
    const put = async (n: number) => {
      const outcome = await store.put('race/whole', bodies[n] ?? Buffer.alloc(0), { blind: true });
      if (outcome !== 'conflict') versions.set(outcome.version, n);
    };
    await put(0);
    const reads: { version: string; body: Buffer }[] = [];
    const reader = async () => {
      for (let n = 0; n < 10; n++) {
        const got = await store.get('race/whole');
        if (got) reads.push({ version: got.info.version, body: got.body });
      }
    };
    const writer = async () => {
      for (let n = 0; n < 12; n++) await put(n % 3);
    };
    await Promise.all([reader(), writer(), reader()]);
    expect(reads).toHaveLength(20);
    for (const { version, body } of reads)
      expect(body.equals(bodies[versions.get(version) ?? -1] ?? Buffer.of())).toBe(true);
  });

  test('a write that has answered is what the next read sees, whoever reads meanwhile', async () => {
    const { store } = subject();
    let done = false;
    const others = async () => {
      while (!done) await Promise.all([store.get('race/fresh'), store.head('race/fresh')]);
    };
    const writer = async () => {
      for (let n = 0; n < 30; n++) {
        const version = await write(store, 'race/fresh', `write ${n}`);
        expect((await store.head('race/fresh'))?.version).toBe(version);
        expect(await read(store, 'race/fresh')).toBe(`write ${n}`);
        if (n % 5 === 4) {
          await store.delete('race/fresh', { blind: true });
          expect(await read(store, 'race/fresh')).toBeUndefined();
        }
      }
    };
    await Promise.all([others(), writer().finally(() => (done = true))]);
  });

  test('a listing has every key that exists throughout it, whatever is made and deleted meanwhile', async () => {
    const { store } = subject();
    const lasting = Array.from({ length: 40 }, (_, n) => `race/list/k${String(n).padStart(2, '0')}`);
    await Promise.all(lasting.map((key) => write(store, key, 'x')));
    const churn = async () => {
      for (let n = 0; n < 20; n++) {
        await write(store, `${lasting[n] ?? ''}-passing`, 'x');
        await store.delete(`${lasting[n] ?? ''}-passing`, { blind: true });
      }
    };
    const [listed] = await Promise.all([listAll(store, 'race/list/', 7), churn()]);
    expect(listed.filter((key) => !key.endsWith('-passing'))).toEqual(lasting);
    expect(await listAll(store, 'race/list/')).toEqual(lasting);
  });
}

async function addOne(store: ObjectStore, key: string, nonce: number): Promise<void> {
  for (;;) {
    const got = await store.get(key);
    if (got === undefined) throw new Error('the counter is gone');
    const count = Number(/"count":(\d+)/.exec(got.body.toString())?.[1]) + 1;
    const next = Buffer.from(`{"count":${count},"nonce":${nonce}}`);
    if ((await store.put(key, next, { ifVersion: got.info.version })) !== 'conflict') return;
  }
}
