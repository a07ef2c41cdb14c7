import { describe, expect, test } from '@jest/globals';
import { newNonce, randomId } from './random-id.js';

describe.each([
  ['an id', randomId, /^[0-9a-f]{32}$/],
  ['a nonce', newNonce, /^[\w-]{12}$/],
])('%s', (_what, next, form) => {
  test('has one form and never comes twice, also past what is fetched at once', () => {
    const made = Array.from({ length: 10_000 }, next);
    expect(made.filter((each) => !form.test(each))).toEqual([]);
    expect(new Set(made).size).toBe(made.length);
  });

  test('differs in every part', () => {
    const made = Array.from({ length: 1000 }, next);
    const first = made[0] ?? '';
    const constant = [...first].filter((character, at) => made.every((each) => each[at] === character));
    // A UUID tells its version in one digit.
    expect(constant.length).toBeLessThanOrEqual(next === randomId ? 1 : 0);
  });
});
