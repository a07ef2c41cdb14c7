import { describe, test } from '@jest/globals';
import fc from 'fast-check';
import { chances } from './testing/chances.js';
import { PowerCutWorld } from './testing/power-cut-world.js';

describe('a power cut', () => {
  test.each([
    { flushAll: false, faults: 0, what: 'files are flushed one by one' },
    { flushAll: true, faults: 0, what: 'all files are flushed at once' },
    { flushAll: false, faults: 0.02, what: 'calls fail, and files are flushed one by one' },
    { flushAll: true, faults: 0.02, what: 'calls fail, and all files are flushed at once' },
  ])(
    'at any moment loses nothing that was acknowledged or seen, and a failed upload goes on ($what)',
    async ({ flushAll, faults }) => {
      await fc.assert(
        fc.asyncProperty(fc.integer(), async (seed) => {
          const world = new PowerCutWorld({ chance: chances(seed), flushAll, faults });
          for (let life = 0; life < 4; life++) await world.life();
        }),
        { numRuns: Number(process.env.POWER_CUTS ?? 12), endOnFailure: true },
      );
    },
    120_000,
  );
});
