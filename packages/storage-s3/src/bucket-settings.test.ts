import { describe, expect, test } from '@jest/globals';
import type { LifecycleRule } from '@aws-sdk/client-s3';
import { lifecycleOf, lockOf, versioningOf } from './bucket-settings.js';
import { S3Store } from './s3-store.js';
import { FAKE_CREDENTIALS, FakeS3 } from './testing/index.js';

test.each([
  ['Enabled', 'costs'],
  ['Suspended', 'fine'],
  [undefined, 'fine'],
])('versioning that is %s is %s', (status, verdict) => {
  expect(versioningOf(status).verdict).toBe(verdict);
});

test('a default retention is not supported', () => {
  expect([lockOf(true).verdict, lockOf(false).verdict]).toEqual(['harmful', 'fine']);
});

describe('a rule of the life of objects', () => {
  const rule = (more: Partial<LifecycleRule>): LifecycleRule => ({ Status: 'Enabled', ID: 'mine', ...more });
  test.each<[string, LifecycleRule, string]>([
    ['that expires everything', rule({ Expiration: { Days: 30 } }), 'harmful'],
    ['that expires blobs', rule({ Expiration: { Days: 30 }, Filter: { Prefix: 'eu/d/' } }), 'harmful'],
    ['that expires a folder above', rule({ Expiration: { Days: 1 }, Filter: { Prefix: 'e' } }), 'harmful'],
    ['of the old form', rule({ Expiration: { Days: 1 }, Prefix: 'eu/' }), 'harmful'],
    ['that archives', rule({ Transitions: [{ Days: 9, StorageClass: 'GLACIER' }] }), 'harmful'],
    ['that is off', { ...rule({ Expiration: { Days: 30 } }), Status: 'Disabled' }, 'fine'],
    ['of another folder', rule({ Expiration: { Days: 30 }, Filter: { Prefix: 'logs/' } }), 'fine'],
    ['of tagged objects', rule({ Expiration: { Days: 1 }, Filter: { Tag: { Key: 'a', Value: 'b' } } }), 'fine'],
    ['that ends old uploads', rule({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } }), 'fine'],
    ['that expires old versions', rule({ NoncurrentVersionExpiration: { NoncurrentDays: 7 } }), 'fine'],
    ['that cleans delete markers', rule({ Expiration: { ExpiredObjectDeleteMarker: true } }), 'fine'],
  ])('%s', (_what, one, verdict) => {
    expect(lifecycleOf([one], 'eu/').verdict).toBe(verdict);
  });
});

test('a server that does not know these settings leaves them unknown', async () => {
  const fake = await FakeS3.start();
  const store = new S3Store({ url: fake.url('bucket', 'eu'), credentials: FAKE_CREDENTIALS });
  const settings = await store.inspect();
  await store.close();
  await fake.stop();
  expect(settings.map(({ name, verdict }) => `${name}: ${verdict}`)).toEqual([
    'versioning: unknown',
    'object lock: unknown',
    'lifecycle: unknown',
  ]);
});
