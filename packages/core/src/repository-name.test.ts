import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isRepositoryName, MAX_NAME_BYTES, parseRepositoryName } from './repository-name.js';

describe('a repository name:', () => {
  test.each([
    ['one letter', 'a'],
    ['one digit', '0'],
    ['two components', 'library/alpine'],
    ['many components', 'a/b/c/d/e/f/g'],
    ['a single dot', 'a.b'],
    ['a single underscore', 'a_b'],
    ['two underscores', 'a__b'],
    ['many dashes', 'a----b'],
    ['every separator', 'a.b_c__d-e/f.g'],
    ['a host with a domain', 'example.com/app'],
    ['words that routes use', 'a/blobs/uploads'],
    ['only a route’s word', 'manifests'],
    ['253 bytes', 'a'.repeat(MAX_NAME_BYTES)],
    ['253 bytes in components', `${'a/'.repeat(126)}a`],
  ])('%s', (_, text) => {
    expect(parseRepositoryName(text)).toBe(text);
  });
});

describe('not a repository name:', () => {
  test.each([
    ['nothing', ''],
    ['upper case', 'Library/alpine'],
    ['a slash at the front', '/a'],
    ['a slash at the end', 'a/'],
    ['an empty component', 'a//b'],
    ['a dot component', 'a/./b'],
    ['a climbing component', 'a/../b'],
    ['two dots', 'a..b'],
    ['three underscores', 'a___b'],
    ['mixed separators', 'a.-b'],
    ['an underscore before a dash', 'a_-b'],
    ['a separator at the front', '-a'],
    ['a separator at the end', 'a-'],
    ['a separator before a slash', 'a-/b'],
    ['an extension component', 'a/_x'],
    ['the catalog', '_catalog'],
    ['a colon', 'a:b'],
    ['a port', 'localhost:5000/a'],
    ['a space', 'a b'],
    ['a line end', 'a\n'],
    ['a NUL', 'a\0b'],
    ['a backslash', 'a\\b'],
    ['an escape', 'a%2fb'],
    ['an at sign, which ends a name in keys', 'a/@'],
    ['an exclamation mark, which ends a marker', 'a!'],
    ['a letter beyond ASCII', 'é'],
    ['a digit beyond ASCII', 'a٣'],
    ['254 bytes', 'a'.repeat(MAX_NAME_BYTES + 1)],
    ['a megabyte of almost a name', `${'a-'.repeat(500_000)}`],
    ['253 bytes of almost a name', `${'a-'.repeat(126)}-`],
  ])('%s', (_, text) => {
    expect(isRepositoryName(text)).toBe(false);
    expect(() => parseRepositoryName(text)).toThrow(expect.objectContaining({ code: 'NAME_INVALID', status: 400 }));
  });
});

test('a name that is too long is told how long it is', () => {
  expect(() => parseRepositoryName('a'.repeat(300))).toThrow('at most 253 bytes, this one has 300');
});

test('what the grammar makes is a name, and a name is a path that climbs nowhere', () => {
  const word = fc.string({ unit: fc.constantFrom(...'abc019'), minLength: 1, maxLength: 4 });
  const separator = fc.constantFrom('.', '_', '__', '-', '--', '-----', '/');
  const names = fc
    .tuple(word, fc.array(fc.tuple(separator, word), { maxLength: 8 }))
    .map(([first, more]) => first + more.flat().join(''));
  fc.assert(
    fc.property(names, (name) => {
      expect(parseRepositoryName(name)).toBe(name);
      expect(new URL(name, 'file:///root/').pathname).toBe(`/root/${name}`);
    }),
  );
});

test('a text is a name unless a list of forbidden neighbours finds fault with it', () => {
  const unit = fc.constantFrom(...'a0._-/A@');
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 300, size: 'max' }), (text) => {
      const separators = /(^|\/)[._-]|[._-](\/|$)|\/\/|^\/|\/$|\.\.|___|[._-]\.|\.[_-]|_-|-_|[^a-z0-9._/-]/;
      expect(isRepositoryName(text)).toBe(text !== '' && text.length <= MAX_NAME_BYTES && !separators.test(text));
    }),
  );
});
