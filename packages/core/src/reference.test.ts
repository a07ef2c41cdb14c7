import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { digestOf } from './digest.js';
import { isTag, parseReference, parseTag } from './reference.js';

describe('a tag:', () => {
  test.each([
    ['the usual one', 'latest'],
    ['a version', '1.0.0-rc.1'],
    ['upper case', 'V1'],
    ['an underscore at the front', '_x'],
    ['what helm makes of a plus', '1.0.0_build'],
    ['separators in a row', 'a..--__b'],
    ['a separator at the end', 'a.'],
    ['a fallback tag of referrers', `sha256-${'a'.repeat(64)}`],
    ['a signature', `sha256-${'a'.repeat(64)}.sig`],
    ['128 characters', 'a'.repeat(128)],
  ])('%s', (_, text) => {
    expect(parseTag(text)).toBe(text);
    expect(parseReference(text)).toEqual({ tag: text });
  });
});

describe('not a tag:', () => {
  test.each([
    ['nothing', ''],
    ['a dot at the front', '.INVALID_MANIFEST_NAME'],
    ['a dash at the front', '-a'],
    ['129 characters', 'a'.repeat(129)],
    ['a slash', 'a/b'],
    ['a plus', '1.0+1'],
    ['a space', 'a b'],
    ['a line end', 'a\n'],
    ['a NUL', 'a\0'],
    ['a letter beyond ASCII', 'ä'],
    ['a climbing path', '..'],
  ])('%s', (_, text) => {
    expect(isTag(text)).toBe(false);
    expect(() => parseTag(text)).toThrow(expect.objectContaining({ code: 'TAG_INVALID', status: 400 }));
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'TAG_INVALID' }));
  });
});

describe('a reference with a colon', () => {
  test.each([digestOf('x'), digestOf('x', 'sha512')])('is a digest: %s', (digest) => {
    expect(parseReference(digest)).toEqual({ digest });
  });

  test.each(['sha256:baddigeststring', 'latest:', ':', 'a:b'])('is never taken for a tag: %s', (text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID', status: 400 }));
  });
});

test('a tag comes back from its text', () => {
  const unit = fc.constantFrom(...'azAZ09._-');
  const tags = fc
    .tuple(fc.constantFrom(...'azAZ09_'), fc.string({ unit, maxLength: 127 }))
    .map(([first, rest]) => first + rest);
  fc.assert(fc.property(tags, (tag) => expect(parseTag(tag)).toBe(tag)));
});
