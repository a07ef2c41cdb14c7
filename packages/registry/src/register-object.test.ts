import {
  digestOf,
  emptyRegister,
  hexOf,
  joinRegisters,
  liveValue,
  writeRegister,
  type Digest,
  type Register,
} from '@atoll/core';
import { StorageError } from '@atoll/storage';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  isFromTheFuture,
  isLiveLength,
  manifestCodec,
  markerCodec,
  mayNameDigest,
  tagCodec,
  type ManifestRegister,
  type TagRegister,
} from './register-object.js';

const write = fc.record({
  origin: fc.constantFrom('eu#1', 'us#1', 'ap#2'),
  now: fc.integer({ min: 0, max: 2 ** 40 }),
  value: fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
});

/** Registers with any number of siblings: writes of several regions, joined. */
function registers<T>(valueOf: (text: string) => T): fc.Arbitrary<Register<T>> {
  const line = fc
    .array(write, { maxLength: 3 })
    .map((writes) =>
      writes.reduce<Register<T>>(
        (register, { origin, now, value }) =>
          writeRegister<T>(register, origin, now, value === undefined ? undefined : valueOf(value)),
        emptyRegister,
      ),
    );
  return fc.array(line, { minLength: 1, maxLength: 3 }).map((lines) => lines.reduce(joinRegisters<T>));
}

const tagRegisters: fc.Arbitrary<TagRegister> = registers((text) => ({
  digest: digestOf(text),
  mediaType: text,
  sizeBytes: text.length,
}));
const manifestRegisters: fc.Arbitrary<ManifestRegister> = registers((text) => ({
  mediaType: text,
  sizeBytes: text.length,
}));

/** Seven of them. */
const firstBits = (digest: Digest): number => Buffer.from(hexOf(digest), 'hex').readUInt8() >> 1;

describe('a register object', () => {
  test('holds a tag, and its length tells whether the tag is live', () => {
    fc.assert(
      fc.property(tagRegisters, (register) => {
        const body = tagCodec.encode(register);
        expect(tagCodec.decode(body, 'key')).toEqual(register);
        expect(isLiveLength(body.length)).toBe(liveValue(register) !== undefined);
      }),
    );
  });

  test('of a tag tells by its length which digests the tag does not name, unless it is short', () => {
    const digests = ['a', 'b', 'c', 'd'].flatMap((text) => [digestOf(text), digestOf(text, 'sha512')]);
    fc.assert(
      fc.property(tagRegisters, fc.constantFrom(...digests), (register, other) => {
        const sizeBytes = tagCodec.encode(register).length;
        const named = liveValue(register)?.digest;
        const alike = named !== undefined && firstBits(named) === firstBits(other);
        if (named !== undefined) expect(mayNameDigest(sizeBytes, named)).toBe(true);
        expect(mayNameDigest(sizeBytes, other)).toBe(alike);
      }),
    );
    expect(mayNameDigest(510, digestOf('a'))).toBe(true);
    expect(mayNameDigest(511, digestOf('a'))).toBe(false);
  });

  test('holds a catalog marker, and its length tells whether the repository exists', () => {
    fc.assert(
      fc.property(
        registers(() => true as const),
        (register) => {
          const body = markerCodec.encode(register);
          expect(markerCodec.decode(body, 'key')).toEqual(register);
          expect(isLiveLength(body.length)).toBe(liveValue(register) === true);
        },
      ),
    );
  });

  test('holds a manifest with its bytes while it is live, and its subject also after', () => {
    const subject = fc.option(
      fc.string().map((text) => digestOf(text)),
      { nil: undefined },
    );
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(manifestRegisters, bytes, subject, (register, body, about) => {
        const object = manifestCodec.encode({ register, bytes: body, ...(about && { subject: about }) });
        const live = liveValue(register) !== undefined;
        expect(isLiveLength(object.length)).toBe(live);
        expect(manifestCodec.decode(object, 'key')).toEqual({
          register,
          ...(live && { bytes: body }),
          ...(about && { subject: about }),
        });
      }),
    );
  });

  test('is never written twice with the same bytes', () => {
    const register = writeRegister<true>(emptyRegister, 'eu#1', 1, true);
    expect(markerCodec.encode(register)).not.toEqual(markerCodec.encode(register));
  });

  test.each([
    ['no JSON', 'x'],
    ['no register', '{}'],
    ['a format of another version', '{"v":2,"n":"n","vv":{},"s":[]}'],
    ['a time that is none', '{"v":1,"n":"n","vv":{"eu#1":"yesterday"},"s":[]}'],
    ['a live sibling without a value', '{"v":1,"n":"n","vv":{},"s":[{"o":"eu#1","t":"000000000001-0000"}]}'],
  ])('that is damaged (%s) is a fault of the store, not of the client', (_what, body) => {
    expect(() => tagCodec.decode(Buffer.from(body), 'key')).toThrow(StorageError);
    expect(() => manifestCodec.decode(Buffer.from(body), 'key')).toThrow(StorageError);
    expect(() => manifestCodec.decode(Buffer.from(`${body}\n`), 'key')).toThrow(StorageError);
  });
});

test('a register that is more than five minutes ahead is from the future', () => {
  const at = (now: number) => writeRegister<true>(emptyRegister, 'us#1', now, true);
  expect(isFromTheFuture(at(1_300_000), 1_000_000)).toBe(false);
  expect(isFromTheFuture(at(1_300_001), 1_000_000)).toBe(true);
  expect(isFromTheFuture(at(1), 1_000_000)).toBe(false);
});
