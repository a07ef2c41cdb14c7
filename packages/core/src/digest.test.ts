import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  algorithmOf,
  digestFromHex,
  digestOf,
  hexOf,
  isDigest,
  isDigestAlgorithm,
  parseDigest,
  type DigestAlgorithm,
} from './digest.js';

const SHA256_EMPTY = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const SHA512_EMPTY =
  'sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e';

const anyDigest = fc
  .tuple(fc.uint8Array(), fc.constantFrom<DigestAlgorithm>('sha256', 'sha512'))
  .map(([bytes, algorithm]) => digestOf(bytes, algorithm));

test('the digest of nothing is the published one', () => {
  expect(digestOf('')).toBe(SHA256_EMPTY);
  expect(digestOf(new Uint8Array(), 'sha512')).toBe(SHA512_EMPTY);
});

test('a digest comes back from its text and from its parts', () => {
  fc.assert(
    fc.property(anyDigest, (digest) => {
      expect(parseDigest(digest)).toBe(digest);
      expect(digestFromHex(algorithmOf(digest), hexOf(digest))).toBe(digest);
      expect(isDigestAlgorithm(algorithmOf(digest))).toBe(true);
    }),
  );
});

test('one character put in, left out or changed to upper case makes a digest invalid', () => {
  fc.assert(
    fc.property(anyDigest, fc.nat(), fc.string({ minLength: 1, maxLength: 2 }), (digest, choice, more) => {
      const at = choice % digest.length;
      expect(isDigest(digest.slice(0, at) + more + digest.slice(at))).toBe(false);
      expect(isDigest(digest.slice(0, at) + digest.slice(at + 1))).toBe(false);
      expect(isDigest(digest.toUpperCase())).toBe(false);
    }),
  );
});

describe('not a digest:', () => {
  const hex = 'a'.repeat(64);
  test.each([
    ['nothing', ''],
    ['no algorithm', hex],
    ['an empty algorithm', `:${hex}`],
    ['no hex digits', 'sha256:'],
    ['upper-case hex', `sha256:${'A'.repeat(64)}`],
    ['an upper-case algorithm', `SHA256:${hex}`],
    ['letters beyond f', `sha256:${'g'.repeat(64)}`],
    ['the length of sha512 under sha256', `sha256:${hex}${hex}`],
    ['the length of sha256 under sha512', `sha512:${hex}`],
    ['sha384', `sha384:${'a'.repeat(96)}`],
    ['blake3', `blake3:${hex}`],
    ['md5', `md5:${'a'.repeat(32)}`],
    ['two algorithms', `sha256+sha512:${hex}`],
    ['a path', `sha256:../${'a'.repeat(61)}`],
    ['a line end', `sha256:${hex}\n`],
    ['spaces around', ` sha256:${hex} `],
    ['a NUL', `sha256:${hex}\0`],
    ['what the conformance suites send', 'sha256:totallywrong'],
    ['a property of every object', 'constructor:'],
    ['a very long text', `sha256:${'a'.repeat(1_000_000)}`],
  ])('%s', (_, text) => {
    expect(isDigest(text)).toBe(false);
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID', status: 400 }));
  });
});

test('a refusal repeats only the beginning of what was sent', () => {
  expect(() => parseDigest('x'.repeat(10_000))).toThrow(
    expect.objectContaining({ more: { detail: { digest: 'x'.repeat(200) } } }),
  );
});
