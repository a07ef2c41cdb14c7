import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ServerFault } from '../fault-plan.js';
import type { ObjectStore } from '../object-store.js';
import type { FaultStand, FaultSuite } from './fault-suite.js';
import { inPieces, sample } from './samples.js';

const MIB = 1_048_576;
const PART_BYTES = 5 * MIB;

/** How a driver handles the memory of a stream that it sends in parts, where the server is slow or fails. */
export function describePartFaults<Name extends string, Stand extends FaultStand<Name>>(
  name: string,
  suite: FaultSuite<Name, Stand>,
): void {
  let stand: Stand;
  let store: ObjectStore;

  describe(`${name} in parts over a server that fails`, () => {
    beforeEach(async () => {
      stand = await suite.start();
      store = suite.openInParts(stand);
    });
    afterEach(() => stand.stop());

    test('however many streams there are, sixteen parts are on their way, and each stream holds one more', async () => {
      let gatheredBytes = 0;
      async function* counted(): AsyncGenerator<Uint8Array> {
        for await (const chunk of inPieces(sample(3 * PART_BYTES), MIB)) {
          gatheredBytes += chunk.length;
          yield chunk;
        }
      }
      const { part } = suite.requests;
      stand.fake.faults.weather = (request) => (request === part ? { kind: 'slow', milliseconds: 1_500 } : undefined);
      const streams = Array.from({ length: 20 }, (_, n) => store.putData(`d/${n}`, counted()));
      await stand.fake.asked(part);
      await sleep(1_000);
      // Chunks are of 1 MiB: a stream that waits has asked for no more than its parts hold.
      expect(gatheredBytes).toBeLessThanOrEqual((16 + 20) * PART_BYTES);
      stand.fake.faults.weather = () => undefined;
      await Promise.all(streams);
      expect((await store.get('d/19'))?.body.equals(sample(3 * PART_BYTES))).toBe(true);
    });

    test.each<[string, ServerFault]>([
      ['was refused', suite.slowDown],
      ['was not answered', { kind: 'lose-answer' }],
      ['broke off', { kind: 'break-off' }],
    ])('the memory of every part is given back, also where an attempt to send it %s', async (_, fault) => {
      stand.fake.faults.add(suite.requests.part, fault);
      const bytes = sample(3 * PART_BYTES);
      const transfer = jest.spyOn(ArrayBuffer.prototype, 'transfer');
      try {
        await store.putData('d/a', inPieces(bytes, MIB));
        expect(transfer).toHaveBeenCalledTimes(3);
      } finally {
        transfer.mockRestore();
      }
      expect((await store.get('d/a'))?.body.equals(bytes)).toBe(true);
    });
  });
}
