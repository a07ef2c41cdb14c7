import { expect, test } from '@jest/globals';
import { retryAfterMs, systemCodeOf } from './request-failure.js';

test.each([
  [undefined, undefined],
  ['2', 2_000],
  ['soon', undefined],
  ['Wed, 21 Oct 2015 07:28:00 GMT', 0],
])('Retry-After: %p asks for a pause of %p ms', (text, milliseconds) => {
  expect(retryAfterMs(text)).toBe(milliseconds);
});

test.each([
  ['ECONNRESET', 'ECONNRESET'],
  ['ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_PREMATURE_CLOSE'],
  ['ERR_INVALID_CHAR', undefined],
  ['NoSuchKey', undefined],
  [7, undefined],
])('the code %p is that of a server that was not reached: %p', (code, system) => {
  expect(systemCodeOf(Object.assign(new Error('x'), { code }))).toBe(system);
});
