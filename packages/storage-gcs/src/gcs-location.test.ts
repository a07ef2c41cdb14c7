import { expect, test } from '@jest/globals';
import { faultOfGcsUrl, parseGcsUrl } from './gcs-location.js';

const GOOGLE = 'https://storage.googleapis.com';

test.each([
  ['gs://atoll-eu', { bucket: 'atoll-eu', prefix: '', endpoint: GOOGLE }],
  ['gs://atoll-eu/', { bucket: 'atoll-eu', prefix: '', endpoint: GOOGLE }],
  ['gs://atoll.example.com/eu/one', { bucket: 'atoll.example.com', prefix: 'eu/one/', endpoint: GOOGLE }],
  ['gs://b_1/p?endpoint=http://gcs:4443/', { bucket: 'b_1', prefix: 'p/', endpoint: 'http://gcs:4443' }],
  ['gs://abc?endpoint=https://host/base', { bucket: 'abc', prefix: '', endpoint: 'https://host/base' }],
])('%s names a bucket', (url, location) => {
  expect(faultOfGcsUrl(url)).toBeUndefined();
  expect(parseGcsUrl(url)).toEqual(location);
});

test.each([
  ['s3://bucket', 'must begin with gs://'],
  ['gs:', 'must name a bucket first'],
  ['gs://ab', 'must name a bucket first'],
  ['gs://Bucket.', 'must name a bucket first'],
  ['gs://goog-bucket', 'must name a bucket first'],
  ['gs://user:secret@bucket', 'must hold no credentials'],
  ['gs://bucket/a//b', 'has a prefix with an empty segment'],
  ['gs://bucket/a%20b', 'has a prefix with'],
  ['gs://bucket#x', 'must not hold a #'],
  ['gs://bucket?region=eu', 'may have no parameter but endpoint'],
  ['gs://bucket?endpoint=a&endpoint=b', 'gives endpoint twice'],
  ['gs://bucket?endpoint=ftp://host', 'must have an endpoint such as'],
  ['gs://bucket?endpoint=https://user:secret@host', 'must have an endpoint without credentials'],
])('%s is told what is wrong with it, without what may be secret', (url, fault) => {
  expect(faultOfGcsUrl(url)).toContain(fault);
  expect(faultOfGcsUrl(url)).not.toContain('secret');
  expect(() => parseGcsUrl(url)).toThrow(TypeError);
});
