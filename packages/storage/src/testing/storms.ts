import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { networkFaults, type ServerFault } from '../fault-plan.js';
import type { ObjectStore } from '../object-store.js';
import type { FaultStand, FaultSuite } from './fault-suite.js';
import { inPieces, readAll, sample } from './samples.js';

const WORKERS = Array.from({ length: 8 }, (_, n) => n);
const WORKS = Array.from({ length: 8 }, (_, n) => n);

/** Less than a request may hang. */
const IMPATIENT = { answerMs: 100, idleMs: 100 };

const NETWORK_FAULTS = networkFaults({ lateMs: 20, haltMs: 5, hangMs: 120 });

export interface StormSuite<Name extends string, Stand extends FaultStand<Name>> extends FaultSuite<Name, Stand> {
  /** What the service says now and then to such a request, beside what the network does. */
  readonly faultsOf: (name: Name) => readonly ServerFault[];
  /** What else happens before about every fiftieth request. */
  readonly mishap?: (stand: Stand) => void;
  /** As what a call may end that has met too much. */
  readonly kinds: readonly string[];
}

/** What holds of a driver's calls where every third request meets a fault. */
export function describeStorms<Name extends string, Stand extends FaultStand<Name>>(
  name: string,
  suite: StormSuite<Name, Stand>,
): void {
  let stand: Stand;

  /** The same faults in every run of a seed but for the order of requests. */
  function storm(seed: number): void {
    let state = seed;
    const next = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    stand.fake.faults.weather = (request) => {
      if (suite.mishap && next() < 1 / 50) suite.mishap(stand);
      const faults = [...NETWORK_FAULTS, ...suite.faultsOf(request)];
      return next() < 1 / 3 ? faults[Math.floor(next() * faults.length)] : undefined;
    };
  }

  function calm(): void {
    stand.fake.faults.weather = () => undefined;
  }

  /** What a call answers, or that it ended without one. */
  async function answerOf<T>(call: Promise<T>): Promise<T | 'failed'> {
    return call.catch((cause: unknown) => {
      expect(cause).toMatchObject({ name: 'StorageError' });
      expect(suite.kinds).toContain((cause as { kind: string }).kind);
      return 'failed' as const;
    });
  }

  /** Adds a name to the set at `key` by compare-and-swap, until it is there. */
  async function add(store: ObjectStore, key: string, member: string): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const got = await answerOf(store.get(key));
      if (got === 'failed' || got === undefined) continue;
      const names = namesIn(got.body);
      if (names.includes(member)) return;
      const body = Buffer.from([`${member} ${attempt}`, ...names, member].join('\n'));
      const put = await answerOf(store.put(key, body, { ifVersion: got.info.version }));
      if (put !== 'conflict' && put !== 'failed') return;
    }
  }

  describe(name, () => {
    beforeEach(async () => {
      stand = await suite.start();
    });
    afterEach(() => stand.stop());

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
        calm();
        const expected = WORKERS.flatMap((worker) => WORKS.map((work) => `${worker}-${work}`));
        expect(namesIn(stand.bytesAt('x/set')).toSorted()).toEqual(expected);
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
          const winner = Number(stand.bytesAt(key).toString());
          const told = WORKERS.filter((worker) => outcomes[worker] !== 'conflict' && outcomes[worker] !== 'failed');
          expect(told).toEqual(outcomes[winner] === 'failed' ? [] : [winner]);
        }
      },
      60_000,
    );

    test.each([7, 8])(
      'in storm %d a data object that was acknowledged has its bytes, in parts and copied, too',
      async (seed) => {
        const store = suite.openInParts(stand);
        const peer = stand.open({ url: stand.fake.url('peer') });
        const bytes = sample(12 * 1_048_576, String(seed));
        storm(seed);
        for (const work of WORKS) {
          const key = `d/${work}`;
          const put = await answerOf(store.putData(key, inPieces(bytes, 1_048_576)));
          const copied =
            put === 'failed' ? put : await answerOf(peer.copyFrom(store, key, key, { sizeBytes: bytes.length }));
          calm();
          if (put !== 'failed') expect(await holds(store, key, bytes)).toBe(true);
          if (copied !== 'failed' && copied !== undefined) expect(await holds(peer, key, bytes)).toBe(true);
          storm(seed * 100 + work);
        }
      },
      60_000,
    );
  });
}

function namesIn(body: Buffer): string[] {
  return body.toString().split('\n').slice(1);
}

async function holds(store: ObjectStore, key: string, bytes: Buffer): Promise<boolean> {
  const opened = await store.open(key);
  return opened !== undefined && (await readAll(opened.body)).equals(bytes);
}
