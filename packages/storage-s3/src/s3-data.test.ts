import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { describePartFaults, inPieces, readAll, sample } from '@atoll/storage/testing';
import type { ServerFault as Fault } from '@atoll/storage/faulty-server';
import { FAULT_SUITE } from './testing/fault-suite.js';
import { Stand } from './testing/stand.js';
import { pieceBytesAt } from './piece-sizes.js';
import type { S3Store } from './s3-store.js';

const PART_BYTES = 5 * 1_048_576;

describePartFaults('S3Store', FAULT_SUITE);

let stand: Stand;
let store: S3Store;
beforeEach(async () => {
  stand = await Stand.start();
  store = stand.open({ streamedPartBytes: PART_BYTES });
  await store.put('x/first', Buffer.from('first'), { blind: true });
  stand.fake.takeCounts();
});
afterEach(() => stand.stop());

async function expectData(key: string, bytes: Buffer): Promise<void> {
  const opened = await store.open(key);
  expect(opened && (await readAll(opened.body)).equals(bytes)).toBe(true);
}

test.each([
  [100, { PutObject: 1 }],
  [PART_BYTES - 1, { PutObject: 1 }],
  [PART_BYTES, { CreateMultipartUpload: 1, UploadPart: 1, CompleteMultipartUpload: 1 }],
  [PART_BYTES + 1, { CreateMultipartUpload: 1, UploadPart: 2, CompleteMultipartUpload: 1 }],
  [PART_BYTES * 3, { CreateMultipartUpload: 1, UploadPart: 3, CompleteMultipartUpload: 1 }],
])('a stream of %d bytes takes as few requests as it can', async (sizeBytes, counts) => {
  const bytes = sample(sizeBytes);
  expect(await store.putData('d/a', inPieces(bytes, 1_000_000))).toEqual({ sizeBytes });
  expect(stand.fake.takeCounts()).toEqual(counts);
  await expectData('d/a', bytes);
});

test('a part that is slow does not change the order', async () => {
  const bytes = sample(PART_BYTES * 2 + 5);
  stand.fake.faults.add('UploadPart', { kind: 'slow', milliseconds: 100 });
  await store.putData('d/a', inPieces(bytes, 1_000_000));
  await expectData('d/a', bytes);
});

test.each<[string, Fault]>([
  ['is lost', { kind: 'lose-answer' }],
  ['is an error', { kind: 'refuse', status: 500, code: 'InternalError' }],
  ['asks for fewer requests', { kind: 'refuse', status: 503, code: 'SlowDown' }],
])('a stream is stored whole where the answer to any of its requests %s', async (_, fault) => {
  const bytes = sample(PART_BYTES + 5);
  for (const name of ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'] as const) {
    stand.fake.faults.add(name, fault);
  }
  await store.putData('d/a', inPieces(bytes, 1_000_000));
  await expectData('d/a', bytes);
});

test('a stream that fails frees the parts it has sent', async () => {
  const fault = new Error('the client went away');
  const failing = inPieces(sample(PART_BYTES * 2 + 1), 1_000_000, fault);
  await expect(store.putData('d/a', failing)).rejects.toBe(fault);
  expect(stand.fake.bucket('bucket').uploads.size).toBe(0);
});

test('a completion whose answer is lost is recognized by the parts it was made of', async () => {
  const upload = await store.beginData('d/a');
  const receipt = await store.writePart('d/a', upload, { number: 1, offsetBytes: 0 }, inPieces(sample(9), 9));
  stand.fake.faults.add('CompleteMultipartUpload', { kind: 'lose-answer' });
  expect(await store.completeData('d/a', upload, [receipt])).toEqual({ sizeBytes: 9 });
});

test('a completion is not taken for that of other parts of the same size', async () => {
  const upload = await store.beginData('d/a');
  const part = { number: 1, offsetBytes: 0 };
  const ours = await store.writePart('d/a', upload, part, inPieces(sample(9, 'ours'), 9));
  const theirs = await store.writePart('d/a', upload, part, inPieces(sample(9, 'theirs'), 9));
  await expect(store.completeData('d/a', upload, [ours])).rejects.toMatchObject({ kind: 'corrupt' });
  await store.completeData('d/a', upload, [theirs]);
  await expect(store.completeData('d/a', upload, [ours])).rejects.toMatchObject({ kind: 'unknown-upload' });
});

test.each<[string, (receipts: { number: number; sizeBytes: number; tag: string }[]) => typeof receipts]>([
  ['out of order', (receipts) => receipts.toReversed()],
  ['never written', (receipts) => receipts.map((receipt) => ({ ...receipt, number: receipt.number + 5 }))],
])('parts that are %s make no object', async (_, change) => {
  const upload = await store.beginData('d/a');
  const whole = sample(PART_BYTES);
  const receipts = [];
  for (const number of [1, 2]) {
    const part = { number, offsetBytes: PART_BYTES * (number - 1) };
    receipts.push(await store.writePart('d/a', upload, part, inPieces(whole, PART_BYTES)));
  }
  await expect(store.completeData('d/a', upload, change(receipts))).rejects.toMatchObject({ kind: 'corrupt' });
  expect(await store.head('d/a')).toBeUndefined();
});

test('a part that is too small and not the last makes no object', async () => {
  const upload = await store.beginData('d/a');
  const receipts = [];
  for (const number of [1, 2]) {
    receipts.push(await store.writePart('d/a', upload, { number, offsetBytes: number - 1 }, inPieces(sample(1), 1)));
  }
  await expect(store.completeData('d/a', upload, receipts)).rejects.toMatchObject({ kind: 'corrupt' });
});

test('an upload without parts makes an empty object', async () => {
  const upload = await store.beginData('d/a');
  expect(await store.completeData('d/a', upload, [])).toEqual({ sizeBytes: 0 });
  await expectData('d/a', Buffer.alloc(0));
  expect(stand.fake.bucket('bucket').uploads.size).toBe(0);
});

test.each([0, 10_001, 1.5])('there is no part %d', async (number) => {
  const upload = await store.beginData('d/a');
  const writing = store.writePart('d/a', upload, { number, offsetBytes: 0 }, inPieces(sample(1), 1));
  await expect(writing).rejects.toMatchObject({ kind: 'unsupported' });
});

test('a session of another driver is an unknown upload', async () => {
  const parts = [{ number: 1, sizeBytes: 1, tag: 'a' }];
  await expect(store.completeData('d/a', null, parts)).rejects.toMatchObject({ kind: 'unknown-upload' });
});

/** What the largest stream measures, in GiB. */
function mostGib(equal: boolean): number {
  let sizeBytes = 0;
  for (let number = 1; number <= 10_000; number++) {
    sizeBytes += pieceBytesAt(sizeBytes, { firstPartBytes: 8 * 1_048_576, equal });
  }
  return sizeBytes / 2 ** 30;
}

test('10,000 parts hold 382 GiB, and 78 where all must have one size', () => {
  expect([mostGib(false), mostGib(true)].map(Math.floor)).toEqual([382, 78]);
});

test('parts have one size where the URL asks for that', async () => {
  const equal = stand.open({ url: `${stand.fake.url('bucket')}&equal-parts=true` });
  expect([store.capabilities.parts.equal, equal.capabilities.parts.equal]).toEqual([false, true]);
});
