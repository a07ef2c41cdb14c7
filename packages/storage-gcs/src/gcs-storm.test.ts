import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { networkFaults, type ServerFault } from '@atoll/storage/faulty-server';
import { inPieces, readAll, sample } from '@atoll/storage/testing';
import type { GcsStore } from './gcs-store.js';
import { Stand } from './testing/stand.js';

const WORKERS = Array.from({ length: 8 }, (_, n) => n);
const WORKS = Array.from({ length: 8 }, (_, n) => n);

/** Less than a request may hang. */
const IMPATIENT = { answerMs: 100, idleMs: 100 };

const FAULTS: readonly ServerFault[] = [
  ...networkFaults({ lateMs: 20, haltMs: 5, hangMs: 120 }),
  { kind: 'refuse', status: 429, code: 'rateLimitExceeded' },
  { kind: 'refuse', status: 503, code: 'backendError' },
  { kind: 'refuse', status: 500, code: 'internalError' },
];

let stand: Stand;
beforeEach(async () => {
  stand = await Stand.start();
});
afterEach(() => stand.stop());

/** Every third request meets a fault, the same ones in every run of a seed but for the order of requests; tokens end now and then. */
function storm(seed: number): void {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  stand.fake.faults.weather = () => {
    if (next() < 1 / 50) stand.fake.identities.revoke();
    return next() < 1 / 3 ? FAULTS[Math.floor(next() * FAULTS.length)] : undefined;
  };
}

/** What a call answers, or that it ended without one. */
async function answerOf<T>(call: Promise<T>): Promise<T | 'failed'> {
  return call.catch((cause: unknown) => {
    expect(cause).toMatchObject({ name: 'StorageError' });
    expect(['unavailable', 'denied']).toContain((cause as { kind: string }).kind);
    return 'failed' as const;
  });
}

/** Adds a name to the set at `key` by compare-and-swap, until it is there. */
async function add(store: GcsStore, key: string, name: string): Promise<void> {
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
    storm(seed);
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
    storm(seed);
    for (const work of WORKS) {
      const key = `x/${work}`;
      const outcomes = await Promise.all(
        stores.map((store, worker) => answerOf(store.put(key, Buffer.from(`${worker}`), { ifAbsent: true }))),
      );
      const winner = Number(stand.fake.bucket('bucket').get(key).body.toString());
      const told = WORKERS.filter((worker) => outcomes[worker] !== 'conflict' && outcomes[worker] !== 'failed');
      expect(told).toEqual(outcomes[winner] === 'failed' ? [] : [winner]);
    }
  },
  60_000,
);

test.each([7, 8])(
  'in storm %d a data object that was acknowledged has its bytes, in parts and copied, too',
  async (seed) => {
    const store = stand.open({ pieceBytes: 5 * 1_048_576 });
    const peer = stand.open({ url: stand.fake.url('peer') });
    const bytes = sample(12 * 1_048_576, String(seed));
    storm(seed);
    for (const work of WORKS) {
      const key = `d/${work}`;
      const put = await answerOf(store.putData(key, inPieces(bytes, 1_048_576)));
      const copied =
        put === 'failed' ? put : await answerOf(peer.copyFrom(store, key, key, { sizeBytes: bytes.length }));
      stand.fake.faults.weather = () => undefined;
      if (put !== 'failed') expect(await holds(store, key, bytes)).toBe(true);
      if (copied !== 'failed' && copied !== undefined) expect(await holds(peer, key, bytes)).toBe(true);
      storm(seed * 100 + work);
    }
  },
  60_000,
);

async function holds(store: GcsStore, key: string, bytes: Buffer): Promise<boolean> {
  const opened = await store.open(key);
  return opened !== undefined && (await readAll(opened.body)).equals(bytes);
}
