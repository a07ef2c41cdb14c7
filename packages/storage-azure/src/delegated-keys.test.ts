import { expect, test } from '@jest/globals';
import { ClockGuard, USUAL_TIMEOUTS } from '@atoll/storage';
import type { UserDelegationKey } from '@azure/storage-blob';
import { AzureCalls } from './azure-calls.js';
import { AzureFailure } from './azure-failure.js';
import { DelegatedKeys } from './delegated-keys.js';

const HOUR_MS = 3_600_000;
const START = Date.parse('2026-11-22T12:00:00Z');

/** Answers with what `answer` says, and a clock that tests set. */
function open(answer: (nth: number) => AzureFailure | undefined = () => undefined) {
  const clock = { ms: START, now: () => clock.ms };
  const asked: (readonly [Date, Date])[] = [];
  const ask = async (signedStartsOn: Date, signedExpiresOn: Date): Promise<UserDelegationKey> => {
    asked.push([signedStartsOn, signedExpiresOn]);
    const failure = answer(asked.length);
    if (failure) throw failure;
    const signed = { signedObjectId: 'o', signedTenantId: 't', signedService: 'b', signedVersion: 'v' };
    return { ...signed, signedStartsOn, signedExpiresOn, value: `key ${asked.length}` };
  };
  const calls = new AzureCalls({
    clock: new ClockGuard(clock),
    retries: { attempts: 1, firstPauseMs: 1, maxPauseMs: 1, withinMs: 1_000 },
    timeouts: USUAL_TIMEOUTS,
  });
  const keys = new DelegatedKeys({ calls, place: { url: 'az://a/c' }, ask, clock });
  const until = async (ms: number) => (await keys.until(ms, {}))?.value;
  return { clock, asked, until };
}

test('one key signs all URLs of a day, however many ask for it at once', async () => {
  const { clock, asked, until } = open();
  const all = await Promise.all(Array.from({ length: 20 }, () => until(START + HOUR_MS)));
  expect(new Set(all)).toEqual(new Set(['key 1']));
  clock.ms += 22 * HOUR_MS;
  expect(await until(clock.ms + HOUR_MS)).toBe('key 1');
  expect(asked).toHaveLength(1);
});

test('a key that ends before a URL does is followed by another', async () => {
  const { clock, asked, until } = open();
  await until(START + HOUR_MS);
  clock.ms += 23.5 * HOUR_MS;
  const both = await Promise.all([until(clock.ms + HOUR_MS), until(clock.ms + HOUR_MS)]);
  expect(both).toEqual(['key 2', 'key 2']);
  expect(await until(clock.ms + 48 * HOUR_MS)).toBe('key 3');
  expect(asked.map(([, end]) => end.getTime())).toEqual([
    START + 24 * HOUR_MS,
    START + 47.5 * HOUR_MS,
    START + 71.5 * HOUR_MS,
  ]);
});

test('a key is valid for a server whose clock is a little behind', async () => {
  const { asked, until } = open();
  await until(START + HOUR_MS);
  expect(asked[0]?.[0].getTime()).toBe(START - 300_000);
});

test('an identity that may have none is not asked for it by every request, and has one once it may', async () => {
  const refusal = new AzureFailure('answered', 'AuthorizationPermissionMismatch', { status: 403 });
  const { clock, asked, until } = open((nth) => (nth === 1 ? refusal : undefined));
  expect([await until(START + HOUR_MS), await until(START + HOUR_MS)]).toEqual([undefined, undefined]);
  expect(asked).toHaveLength(1);
  clock.ms += 601_000;
  expect(await until(clock.ms + HOUR_MS)).toBe('key 2');
});

test('a server that does not answer is asked again by the next request', async () => {
  const { until } = open((nth) => (nth === 1 ? new AzureFailure('lost', 'ECONNRESET') : undefined));
  await expect(until(START + HOUR_MS)).rejects.toMatchObject({ kind: 'unavailable' });
  expect(await until(START + HOUR_MS)).toBe('key 2');
});
