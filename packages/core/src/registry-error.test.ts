import { describe, expect, test } from '@jest/globals';
import { RegistryError, type RegistryCode } from './registry-error.js';

describe('the status that goes with', () => {
  test.each<[RegistryCode, number]>([
    ['BLOB_UNKNOWN', 404],
    ['BLOB_UPLOAD_INVALID', 400],
    ['BLOB_UPLOAD_UNKNOWN', 404],
    ['DENIED', 403],
    ['DIGEST_INVALID', 400],
    ['MANIFEST_BLOB_UNKNOWN', 400],
    ['MANIFEST_INVALID', 400],
    ['MANIFEST_UNKNOWN', 404],
    ['NAME_INVALID', 400],
    ['NAME_UNKNOWN', 404],
    ['PAGINATION_NUMBER_INVALID', 400],
    ['PRECONDITION_FAILED', 412],
    ['RANGE_INVALID', 416],
    ['SIZE_INVALID', 400],
    ['TAG_INVALID', 400],
    ['TOOMANYREQUESTS', 429],
    ['UNAUTHORIZED', 401],
    ['UNAVAILABLE', 503],
    ['UNKNOWN', 500],
    ['UNSUPPORTED', 405],
  ])('%s is %d', (code, status) => {
    expect(new RegistryError(code, 'x').status).toBe(status);
  });
});

test('one error may have another status than its code', () => {
  expect(new RegistryError('MANIFEST_INVALID', 'too big', { status: 413 }).status).toBe(413);
});

test('the rows of an answer are this error’s and then the others', () => {
  const others = [{ code: 'MANIFEST_BLOB_UNKNOWN', message: 'b is missing', detail: 'b' }] as const;
  expect(new RegistryError('MANIFEST_BLOB_UNKNOWN', 'a is missing', { detail: 'a', others }).entries).toEqual([
    { code: 'MANIFEST_BLOB_UNKNOWN', message: 'a is missing', detail: 'a' },
    ...others,
  ]);
});

test('a row has no detail where there is none', () => {
  expect(Object.keys(new RegistryError('UNKNOWN', 'x').entries[0] ?? {})).toEqual(['code', 'message']);
});

test('the cause stays with the error and out of the answer', () => {
  const cause = new Error('secret');
  const error = new RegistryError('UNKNOWN', 'internal error', { cause });
  expect(error.cause).toBe(cause);
  expect(JSON.stringify(error.entries)).not.toContain('secret');
});

test('an error is told by its name in logs', () => {
  expect(String(new RegistryError('DENIED', 'not yours'))).toBe('RegistryError: not yours');
});
