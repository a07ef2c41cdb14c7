import { expect, test } from '@jest/globals';
import { Attempts } from './attempts.js';
import { settleDelete } from './settle-delete.js';
import { StubFailure } from './testing/stub-failure.js';

const LOST = new StubFailure('lost', 'ECONNRESET');
const ABSENT = new StubFailure('answered', 'Absent');
const NOT_MET = new StubFailure('answered', 'NotMet');

/** A delete whose attempts fail with these, one after the other, and then succeed. */
function remove(failures: readonly Error[], isThere = false) {
  const left = [...failures];
  return settleDelete({
    attempts: new Attempts({ attempts: 2, firstPauseMs: 1, maxPauseMs: 1, withinMs: 1_000 }, undefined),
    send: async () => {
      const failure = left.shift();
      if (failure) throw failure;
    },
    meaningOf: ({ code }) => (code === 'Absent' ? 'absent' : code === 'NotMet' ? 'not met' : undefined),
    isThere: async () => isThere,
    toError: ({ code }) => new Error(`told ${code}`),
  });
}

test.each([
  ['that is answered', [], false, 'deleted'],
  ['that finds nothing', [ABSENT], false, 'absent'],
  ['that finds nothing after one that was not answered', [LOST, ABSENT], false, 'deleted'],
  ['whose condition fails of an object that is there', [NOT_MET], true, 'conflict'],
  ['whose condition fails of an object that is absent', [NOT_MET], false, 'absent'],
  ['whose condition fails of what is gone since one was not answered', [LOST, NOT_MET], false, 'deleted'],
] as const)('a delete %s', async (_, failures, isThere, outcome) => {
  expect(await remove(failures, isThere)).toBe(outcome);
});

test('a delete that is never answered fails, and what is no failure of a request is thrown as it is', async () => {
  await expect(remove([LOST, LOST])).rejects.toThrow('told ECONNRESET');
  const strange = new TypeError('strange');
  await expect(remove([strange])).rejects.toBe(strange);
});
