import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { examineSettings } from '@atoll/storage';
import { settingsOf } from './bucket-settings.js';
import { Stand } from './testing/stand.js';

let stand: Stand;
beforeEach(async () => {
  stand = await Stand.start();
});
afterEach(() => stand.stop());

const FINE = {
  versioning: { enabled: false },
  softDeletePolicy: { retentionDurationSeconds: '0' },
  iamConfiguration: { publicAccessPrevention: 'enforced' },
};

function verdicts(metadata: object): string[] {
  return settingsOf({ ...FINE, ...metadata }, 'eu/')
    .filter(({ verdict }) => verdict !== 'fine')
    .map(({ name, verdict }) => `${name}: ${verdict}`);
}

test.each<[string, object, string[]]>([
  ['nothing but what is wanted', {}, []],
  ['versioning', { versioning: { enabled: true } }, ['versioning: costs']],
  ['a retention policy', { retentionPolicy: { retentionPeriod: '60' } }, ['retention: harmful']],
  ['an event-based hold', { defaultEventBasedHold: true }, ['retention: harmful']],
  ['soft delete', { softDeletePolicy: { retentionDurationSeconds: '604800' } }, ['soft delete: costs']],
  [
    'a bucket that may be public',
    { iamConfiguration: { publicAccessPrevention: 'inherited' } },
    ['public access: unknown'],
  ],
])('%s is told', (_what, metadata, told) => {
  expect(verdicts(metadata)).toEqual(told);
});

const DELETE = { type: 'Delete' };
const MOVE = { type: 'SetStorageClass', storageClass: 'NEARLINE' };

test.each<[string, object, object, string[]]>([
  ['that deletes what is old', DELETE, { age: 30 }, ['lifecycle: harmful']],
  ['that deletes blobs', DELETE, { age: 30, matchesPrefix: ['logs/', 'eu/d/'] }, ['lifecycle: harmful']],
  ['that deletes a folder above', DELETE, { age: 30, matchesPrefix: ['e'] }, ['lifecycle: harmful']],
  ['that deletes what is live', DELETE, { isLive: true, createdBefore: '2026-01-01' }, ['lifecycle: harmful']],
  ['that deletes some endings', DELETE, { age: 1, matchesSuffix: ['.log'] }, ['lifecycle: harmful']],
  ['that deletes everything at once', DELETE, { numNewerVersions: 0 }, ['lifecycle: harmful']],
  ['that moves what is old', MOVE, { age: 30 }, ['lifecycle: costs']],
  ['that moves old versions', MOVE, { isLive: false }, []],
  ['of another folder', DELETE, { age: 30, matchesPrefix: ['logs/'] }, []],
  ['that deletes old versions', DELETE, { age: 30, isLive: false }, []],
  ['that counts versions', DELETE, { numNewerVersions: 1 }, []],
  ['that counts days since the next version', DELETE, { daysSinceNoncurrentTime: 7 }, []],
  ['for versions that ended before a day', DELETE, { noncurrentTimeBefore: '2026-01-01' }, []],
  ['for times that its writer gives', DELETE, { daysSinceCustomTime: 7 }, []],
  ['for a day that its writer gives', DELETE, { customTimeBefore: '2026-01-01' }, []],
  ['that ends old uploads', { type: 'AbortIncompleteMultipartUpload' }, { age: 7 }, []],
])('a rule %s', (_what, action, condition, told) => {
  expect(verdicts({ lifecycle: { rule: [{ action, condition }] } })).toEqual(told);
});

test('a rule that deletes counts for more than one that moves, and is told by its place', () => {
  const rule = [
    { action: MOVE, condition: { age: 9 } },
    { action: DELETE, condition: { age: 30 } },
  ];
  const told = settingsOf({ lifecycle: { rule } }, '').find(({ name }) => name === 'lifecycle');
  expect(told?.meaning).toBe('rule 2 of the bucket expires objects that the registry still needs');
});

test('the bucket is asked once, and what is harmful there is a failure', async () => {
  const store = stand.open();
  stand.fake.bucket('bucket').settings = { ...FINE, retentionPolicy: { retentionPeriod: '3600', isLocked: true } };
  const findings = await examineSettings(store);
  expect(stand.fake.takeCounts()).toEqual({ GetBucket: 1 });
  expect(findings.filter(({ outcome }) => outcome !== 'passed')).toMatchObject([
    {
      tried: 'retention',
      outcome: 'failed',
      meaning: expect.stringContaining('the bucket has a retention policy that is locked of 3600 s'),
      cause: { kind: 'unsupported' },
    },
  ]);
});

test('an identity that may not ask is told what was not seen, in one line', async () => {
  stand.fake.denied.add('storage.buckets.get');
  expect(await stand.open().inspect()).toEqual([
    {
      name: 'settings',
      verdict: 'unknown',
      meaning: expect.stringMatching(/^versioning, .*lacks storage\.buckets\.get$/),
    },
  ]);
});

test('a server that does not tell its settings leaves them unknown', async () => {
  stand.fake.faults.add('GetBucket', { kind: 'refuse', status: 501, code: 'notImplemented' });
  expect(await stand.open().inspect()).toMatchObject([{ name: 'settings', verdict: 'unknown' }]);
});

test('who asks may give up', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(stand.open().inspect({ signal })).rejects.toThrow('enough');
});
