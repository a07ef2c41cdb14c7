import { RegistryError } from '@atoll/core';
import { StorageError, type StorageErrorKind } from '@atoll/storage';
import { expect, test } from '@jest/globals';
import { errorPayload, headersOf, toRegistryError } from './errors.js';

test.each<[StorageErrorKind, number, string]>([
  ['full', 503, 'UNAVAILABLE'],
  ['read-only', 503, 'UNAVAILABLE'],
  ['unavailable', 503, 'UNAVAILABLE'],
  ['locked', 503, 'UNAVAILABLE'],
  ['denied', 503, 'UNAVAILABLE'],
  ['unknown-upload', 404, 'BLOB_UPLOAD_UNKNOWN'],
  ['corrupt', 500, 'UNKNOWN'],
  ['invalid-key', 500, 'UNKNOWN'],
  ['unsupported', 500, 'UNKNOWN'],
])('a store that says %s becomes %i %s, without its words', (kind, status, code) => {
  const error = toRegistryError(new StorageError(kind, 'AccessDenied: key AKIA', { key: 'd/secret' }));
  expect([error.status, error.code]).toEqual([status, code]);
  expect(errorPayload(error).toString()).not.toMatch(/AKIA|secret|AccessDenied/);
  if (status === 503) expect(Number(headersOf(error)['Retry-After'])).toBeGreaterThan(0);
});

test.each([new TypeError('x is not a function'), 'a string', undefined, { status: 404 }])(
  'the unforeseen %p is an internal error, its words kept from the client',
  (cause) => {
    const error = toRegistryError(cause);
    expect([error.status, error.code, error.more.cause]).toEqual([500, 'UNKNOWN', cause]);
    expect(errorPayload(error).toString()).toBe('{"errors":[{"code":"UNKNOWN","message":"internal error"}]}');
  },
);

test('an error for the client stays what it is, with all its rows', () => {
  const others = [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'b' }] as const;
  const error = new RegistryError('MANIFEST_BLOB_UNKNOWN', 'a', { others, detail: 1 });
  expect(toRegistryError(error)).toBe(error);
  expect(JSON.parse(errorPayload(error).toString())).toEqual({
    errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'a', detail: 1 }, ...others],
  });
});

test('an own Retry-After wins over the general one', () => {
  expect(headersOf(new RegistryError('TOOMANYREQUESTS', 'x'))['Retry-After']).toBe('5');
  const own = new RegistryError('TOOMANYREQUESTS', 'x', { headers: { 'Retry-After': '2' } });
  expect(headersOf(own)['Retry-After']).toBe('2');
});
