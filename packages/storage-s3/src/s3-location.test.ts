import { describe, expect, test } from '@jest/globals';
import { faultOfS3Url, parseS3Url } from './s3-location.js';

describe('a URL', () => {
  test.each([
    ['s3://my-bucket', { bucket: 'my-bucket', prefix: '', pathStyle: false, equalParts: false }],
    ['s3://my.bucket/', { bucket: 'my.bucket', prefix: '', pathStyle: false, equalParts: false }],
    ['s3://my-bucket/a/b', { bucket: 'my-bucket', prefix: 'a/b/', pathStyle: false, equalParts: false }],
    [
      's3://my-bucket/a/?region=eu-west-1',
      { bucket: 'my-bucket', prefix: 'a/', region: 'eu-west-1', pathStyle: false, equalParts: false },
    ],
    [
      's3://bucket?endpoint=http://127.0.0.1:9000',
      { bucket: 'bucket', prefix: '', endpoint: 'http://127.0.0.1:9000', pathStyle: true, equalParts: false },
    ],
    [
      's3://bucket?endpoint=https%3A%2F%2Fs3.example.com%2F&path-style=false',
      { bucket: 'bucket', prefix: '', endpoint: 'https://s3.example.com', pathStyle: false, equalParts: false },
    ],
    ['s3://bucket?path-style=true', { bucket: 'bucket', prefix: '', pathStyle: true, equalParts: false }],
    [
      's3://bucket?endpoint=https://account.eu.r2.cloudflarestorage.com',
      {
        bucket: 'bucket',
        prefix: '',
        endpoint: 'https://account.eu.r2.cloudflarestorage.com',
        pathStyle: true,
        equalParts: true,
      },
    ],
    ['s3://bucket?equal-parts=true', { bucket: 'bucket', prefix: '', pathStyle: false, equalParts: true }],
  ])('%s names a place', (url, location) => {
    expect(faultOfS3Url(url)).toBeUndefined();
    expect(parseS3Url(url)).toEqual(location);
  });

  test.each([
    ['gs://bucket', 'must begin with s3://'],
    ['s3://', 'must name a bucket'],
    ['s3:///a', 'must name a bucket'],
    ['s3://Bucket_1', 'must name a bucket'],
    ['s3://key:secret@bucket', 'must hold no credentials'],
    ['s3://bucket/a//b', 'has a prefix with an empty segment'],
    ['s3://bucket/a%2Fb', 'has a prefix with an empty segment or with a character'],
    ['s3://bucket/a b', 'has a prefix with an empty segment or with a character'],
    ['s3://bucket#a', 'must not hold a #'],
    ['s3://bucket?Endpoint=http://a', 'has an unknown parameter Endpoint'],
    ['s3://bucket?region=a&region=b', 'gives region twice'],
    ['s3://bucket?region=', 'must have a region'],
    ['s3://bucket?path-style=yes', 'must have path-style=true or path-style=false'],
    ['s3://bucket?equal-parts=1', 'must have equal-parts=true or equal-parts=false'],
    ['s3://bucket?endpoint=s3.example.com', 'must have an endpoint such as https://'],
    ['s3://bucket?endpoint=ftp://a', 'must have an endpoint such as https://'],
    ['s3://bucket?endpoint=https://a:b@c', 'must have an endpoint without credentials'],
    ['s3://bucket?endpoint=https://a/b', 'must have an endpoint without a path'],
  ])('%s has a fault', (url, fault) => {
    expect(faultOfS3Url(url)).toContain(fault);
    expect(() => parseS3Url(url)).toThrow(TypeError);
  });

  test.each([
    ['account.r2.cloudflarestorage.com', '', true],
    ['account.r2.cloudflarestorage.com', '&equal-parts=false', false],
    ['r2.cloudflarestorage.com.example.org', '', false],
    ['nor2.cloudflarestorage.com', '', false],
    ['s3.example.org', '&equal-parts=true', true],
  ])('of a server at %s%s tells whether its parts have one size', (host, more, equalParts) => {
    expect(parseS3Url(`s3://bucket?endpoint=https://${host}${more}`).equalParts).toBe(equalParts);
  });

  test('is not repeated where it holds a password', () => {
    expect(faultOfS3Url('s3://key:hunter2@bucket')).not.toContain('hunter2');
  });
});
