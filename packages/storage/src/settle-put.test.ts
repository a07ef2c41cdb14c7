import { expect, test } from '@jest/globals';
import { Attempts } from './attempts.js';
import { settlePut, type PutToSettle } from './settle-put.js';
import { StubFailure } from './testing/stub-failure.js';

const LOST = new StubFailure('lost', 'ECONNRESET');
const CONFLICT = new StubFailure('answered', 'Conflict');
const WRITTEN = { version: 'v1' };

/** A put whose attempts fail with these, one after the other, and then succeed. */
function put(failures: readonly Error[], o: Partial<PutToSettle> = {}) {
  const left = [...failures];
  return settlePut({
    condition: { ifAbsent: true },
    attempts: new Attempts({ attempts: 2, firstPauseMs: 1, maxPauseMs: 1, withinMs: 1_000 }, undefined),
    send: async () => {
      const failure = left.shift();
      if (failure) throw failure;
      return WRITTEN;
    },
    isConflict: ({ code }) => code === CONFLICT.code,
    found: async () => undefined,
    toError: ({ code }) => new Error(`told ${code}`),
    ...o,
  });
}

test('a put that is not answered is sent again', async () => {
  expect(await put([LOST])).toEqual(WRITTEN);
});

test('a put whose condition fails has happened where what is there is its own', async () => {
  const own = { version: 'own' };
  expect(await put([LOST, CONFLICT], { found: async () => own })).toEqual(own);
  expect(await put([LOST, CONFLICT])).toBe('conflict');
});

test('a put without a condition has no conflicts', async () => {
  expect(await put([CONFLICT], { condition: { blind: true } })).toEqual(WRITTEN);
});

test('a put of which no attempt was answered has happened where what is there is its own', async () => {
  expect(await put([LOST, LOST], { found: async () => WRITTEN })).toEqual(WRITTEN);
  await expect(put([LOST, LOST])).rejects.toThrow('told ECONNRESET');
});

test('where nobody can look what is there, it is the put that failed', async () => {
  const found = () => Promise.reject(new Error('nobody can look'));
  await expect(put([LOST, LOST], { found })).rejects.toThrow('told ECONNRESET');
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(put([LOST, LOST], { found, signal })).rejects.toThrow('enough');
});

test('what is no failure of a request is thrown as it is', async () => {
  const strange = new TypeError('strange');
  await expect(put([strange])).rejects.toBe(strange);
});
