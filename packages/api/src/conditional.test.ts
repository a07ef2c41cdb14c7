import { expect, test } from '@jest/globals';
import { parseDigest } from '@atoll/core';
import { cacheControl, isKnown, preconditionOf } from './conditional.js';

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

const MINE = parseDigest(`sha256:${'a'.repeat(64)}`);
const OTHER = parseDigest(`sha256:${'b'.repeat(64)}`);

test.each([
  ['nothing there yet', { 'if-none-match': '*' }, [true, false, false]],
  ['anything there', { 'if-match': '*' }, [false, true, true]],
  ['one digest', { 'if-match': `"${MINE}"` }, [false, true, false]],
  ['a bare digest', { 'if-match': MINE }, [false, true, false]],
  ['one of two', { 'if-match': `"${OTHER}", "${MINE}"` }, [false, true, true]],
  ['a weak tag, which matches nothing', { 'if-match': `W/"${MINE}"` }, [false, false, false]],
  ['no tag at all', { 'if-match': '' }, [false, false, false]],
  ['anything but one digest', { 'if-none-match': `"${MINE}"` }, [true, false, true]],
  ['anything but a weak tag', { 'if-none-match': `"x",W/"${MINE}"` }, [true, false, true]],
  ['both, which contradict', { 'if-match': '*', 'if-none-match': '*' }, [false, false, false]],
  ['both', { 'if-match': '*', 'if-none-match': MINE }, [false, false, true]],
])('a change wants %s', (_what, headers, [absent, mine, other]) => {
  const holds = preconditionOf(headers);
  expect([holds?.(undefined), holds?.(MINE), holds?.(OTHER)]).toEqual([absent, mine, other]);
});

test('a change without these headers wants nothing', () => expect(preconditionOf({ 'if-range': 'x' })).toBeUndefined());

test('only what a digest names may be kept, and only by its reader where readers have rights', () => {
  expect(cacheControl(true, false)).toBe('max-age=31536000, immutable, no-transform');
  expect(cacheControl(true, true)).toMatch(/^private, /);
  expect(cacheControl(false, false)).toBe('no-cache, no-transform');
});
