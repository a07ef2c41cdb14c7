import { expect, test } from '@jest/globals';
import { cacheControl, isKnown } from './conditional.js';

const D = 'sha256:abc';

test.each([
  ['"sha256:abc"', true],
  ['sha256:abc', true],
  ['W/"sha256:abc"', true],
  ['"x", "sha256:abc"', true],
  ['*', true],
  ['"sha256:abd"', false],
  ['sha256:ab', false],
  ['', false],
  [undefined, false],
])('If-None-Match: %s', (header, known) => expect(isKnown(header, D)).toBe(known));

test('only what a digest names may be kept, and only by its reader where readers have rights', () => {
  expect(cacheControl(true, false)).toBe('max-age=31536000, immutable, no-transform');
  expect(cacheControl(true, true)).toMatch(/^private, /);
  expect(cacheControl(false, false)).toBe('no-cache, no-transform');
});
