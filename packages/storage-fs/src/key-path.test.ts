import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeSegment, encodeSegment, pathOfKey } from './key-path.js';

const CHARACTERS = [...'abcxyzABCXYZ019-._!@#$&()+,:;<=>[]^`{|}~'];
const segment = fc
  .string({ unit: fc.constantFrom(...CHARACTERS), minLength: 1, maxLength: 128 })
  .filter((text) => text !== '.' && text !== '..');

describe('file names', () => {
  test('every segment is read back from its file name', () => {
    fc.assert(fc.property(segment, (text) => expect(decodeSegment(encodeSegment(text))).toBe(text)));
  });

  test('no two segments make file names that differ in nothing but case', () => {
    fc.assert(
      fc.property(segment, segment, (one, other) => {
        fc.pre(one !== other);
        expect(encodeSegment(one).toLowerCase()).not.toBe(encodeSegment(other).toLowerCase());
      }),
    );
  });

  test.each([
    { segment: 'latest', name: 'latest' },
    { segment: 'V1', name: 'v1%1' },
    { segment: 'v1', name: 'v1' },
    { segment: 'aBC', name: 'abc%6' },
    { segment: 'T'.repeat(128), name: `${'t'.repeat(128)}%${'f'.repeat(32)}` },
  ])('the segment $segment is stored as $name', ({ segment: text, name }) => {
    expect(encodeSegment(text)).toBe(name);
  });

  test.each(['README', 'v1%', 'v1%0', 'v1%2', 'v1%01', 'v1%G', 'v%1%1', '%1', 'a b', 'é', '..'])(
    'a file %j is of no key',
    (name) => {
      expect(decodeSegment(name)).toBeUndefined();
    },
  );
});

describe('pathOfKey', () => {
  test('keeps a key of lower-case segments as it is', () => {
    expect(pathOfKey('r/0a/team/app/@t/v1.0')).toBe('r/0a/team/app/@t/v1.0');
  });

  test.each([
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    '../a',
    'a/../b',
    'a/./b',
    'a\0b',
    'a%41',
    'a\\b',
    'a b',
    'a\nb',
    'é',
    'n'.repeat(256),
    'T'.repeat(250),
  ])('refuses %j', (key) => {
    expect(() => pathOfKey(key)).toThrow(expect.objectContaining({ kind: 'invalid-key' }));
  });
});
