import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { OperationName } from './testing/fake-operation.js';
import { networkFaults, type ServerFault as Fault } from '@atoll/storage/faulty-server';
import { Stand } from './testing/stand.js';
import type { S3Store } from './s3-store.js';

const WORKERS = Array.from({ length: 8 }, (_, n) => n);
const WORKS = Array.from({ length: 8 }, (_, n) => n);

/** Less than a request may hang. */
const IMPATIENT = { answerMs: 100, idleMs: 100 };

const FAULTS: readonly Fault[] = [
  ...networkFaults({ lateMs: 20, haltMs: 5, hangMs: 120 }),
  { kind: 'refuse', status: 503, code: 'SlowDown' },
  { kind: 'refuse', status: 500, code: 'InternalError' },
  { kind: 'refuse', status: 400, code: 'ExpiredToken' },
];
/** What only a write may meet. */
const RACE: Fault = { kind: 'refuse', status: 409, code: 'ConditionalRequestConflict' };

let stand: Stand;
beforeEach(async () => {
  stand = await Stand.start();
});
afterEach(() => stand.stop());

/** Every third request meets a fault, the same ones in every run of a seed but for the order of requests. */
function stormOf(seed: number): (name: OperationName) => Fault | undefined {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return (name) => {
    const faults = name === 'PutObject' ? [...FAULTS, RACE] : FAULTS;
    return next() < 1 / 3 ? faults[Math.floor(next() * faults.length)] : undefined;
  };
}

/** What a call answers, or that it ended without one. */
async function answerOf<T>(call: Promise<T>): Promise<T | 'failed'> {
  return call.catch((cause: unknown) => {
    expect(cause).toMatchObject({ name: 'StorageError', kind: 'unavailable' });
    return 'failed' as const;
  });
}

/** Adds a name to the set at `key` by compare-and-swap, until it is there. */
async function add(store: S3Store, key: string, name: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const got = await answerOf(store.get(key));
    if (got === 'failed' || got === undefined) continue;
    const names = got.body.toString().split('\n').slice(1);
    if (names.includes(name)) return;
    const body = Buffer.from([`${name} ${attempt}`, ...names, name].join('\n'));
    const put = await answerOf(store.put(key, body, { ifVersion: got.info.version }));
    if (put !== 'conflict' && put !== 'failed') return;
  }
}

test.each([1, 2, 3])(
  'in storm %d nothing that was acknowledged is lost',
  async (seed) => {
    const stores = WORKERS.map(() => stand.open({ timeouts: IMPATIENT }));
    await stores[0]?.put('x/set', Buffer.from('nobody'), { ifAbsent: true });
    stand.fake.faults.weather = stormOf(seed);
    const works = stores.map(async (store, worker) => {
      for (const work of WORKS) await add(store, 'x/set', `${worker}-${work}`);
    });
    await Promise.all(works);
    stand.fake.faults.weather = () => undefined;
    const names = (await stores[0]?.get('x/set'))?.body.toString().split('\n').slice(1) ?? [];
    expect(names.toSorted()).toEqual(WORKERS.flatMap((worker) => WORKS.map((work) => `${worker}-${work}`)));
  },
  60_000,
);

test.each([4, 5, 6])(
  'in storm %d one creates a key, and is the one that is told so',
  async (seed) => {
    const stores = WORKERS.map(() => stand.open({ timeouts: IMPATIENT }));
    stand.fake.faults.weather = stormOf(seed);
    for (const work of WORKS) {
      const key = `x/${work}`;
      const outcomes = await Promise.all(
        stores.map((store, worker) => answerOf(store.put(key, Buffer.from(`${worker}`), { ifAbsent: true }))),
      );
      const found = stand.fake.bucket('bucket').get(key);
      const winner = Number(found.body.toString());
      const told = WORKERS.filter((worker) => outcomes[worker] !== 'conflict' && outcomes[worker] !== 'failed');
      expect(outcomes[winner] === 'failed' ? [] : [winner]).toEqual(told);
    }
  },
  60_000,
);
