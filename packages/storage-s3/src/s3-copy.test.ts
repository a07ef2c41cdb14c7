import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { inPieces, readAll, sample } from '@atoll/storage/testing';
import type { OperationName } from './testing/fake-operation.js';
import type { ServerFault as Fault } from '@atoll/storage/faulty-server';
import { FAKE_CREDENTIALS, FakeS3 } from './testing/fake-s3.js';
import { Stand } from './testing/stand.js';
import { S3Store } from './s3-store.js';

const PART_BYTES = 5 * 1_048_576;
const SMALL = PART_BYTES - 1;
const LARGE = PART_BYTES * 2 + 7;

let stand: Stand;
let store: S3Store;
let peer: S3Store;
beforeEach(async () => {
  stand = await Stand.start();
  store = stand.open({ copySizes: { wholeBytes: PART_BYTES, partBytes: PART_BYTES } });
  peer = stand.open({ url: stand.fake.url('peer', 'its/prefix') });
  await store.put('x/first', Buffer.from('first'), { blind: true });
});
afterEach(() => stand.stop());

async function copy(sizeBytes: number, fault?: { name: OperationName; fault: Fault; times: number }) {
  const key = "d/sou rce+'1'";
  await peer.putData(key, inPieces(sample(sizeBytes), 1_000_000));
  stand.fake.takeCounts();
  if (fault) stand.fake.faults.add(fault.name, fault.fault, fault.times);
  return store.copyFrom(peer, key, 'd/copy', { sizeBytes });
}

async function expectCopy(sizeBytes: number): Promise<void> {
  const opened = await store.open('d/copy');
  expect(opened && (await readAll(opened.body)).equals(sample(sizeBytes))).toBe(true);
}

test.each([
  [SMALL, { HeadObject: 1, CopyObject: 1 }],
  [LARGE, { HeadObject: 1, CreateMultipartUpload: 1, UploadPartCopy: 3, CompleteMultipartUpload: 1 }],
])('a copy of %d bytes moves none of them through this process', async (sizeBytes, counts) => {
  expect(await copy(sizeBytes)).toEqual({ sizeBytes });
  expect(stand.fake.takeCounts()).toEqual(counts);
  await expectCopy(sizeBytes);
});

test.each<[string, Fault]>([
  ['is lost', { kind: 'lose-answer' }],
  ['never comes', { kind: 'reset' }],
  ['asks for fewer requests', { kind: 'refuse', status: 503, code: 'SlowDown' }],
  ['is an error behind a yes', { kind: 'say', status: 200, text: '<Error><Code>InternalError</Code></Error>' }],
])('a copy whose answer to any request %s is made again, part by part', async (_, fault) => {
  for (const name of ['CopyObject', 'UploadPartCopy'] as const) stand.fake.faults.add(name, fault);
  expect(await copy(SMALL)).toEqual({ sizeBytes: SMALL });
  await expectCopy(SMALL);
  expect(await copy(LARGE)).toEqual({ sizeBytes: LARGE });
  expect(stand.fake.takeCounts()).toMatchObject({ UploadPartCopy: 4, CreateMultipartUpload: 1 });
  await expectCopy(LARGE);
});

test.each<[OperationName, number]>([
  ['CopyObject', SMALL],
  ['UploadPartCopy', LARGE],
  ['CreateMultipartUpload', LARGE],
  ['CompleteMultipartUpload', LARGE],
])('a bucket that may not %s is streamed to, and holds nothing of the attempt', async (name, sizeBytes) => {
  const fault: Fault = { kind: 'refuse', status: 403, code: 'AccessDenied' };
  expect(await copy(sizeBytes, { name, fault, times: 3 })).toBeUndefined();
  expect(await store.head('d/copy')).toBeUndefined();
  expect(stand.fake.bucket('bucket').uploads.size).toBe(0);
});

test('a server that is away is no reason to stream', async () => {
  const fault: Fault = { kind: 'refuse', status: 500, code: 'InternalError' };
  await expect(copy(LARGE, { name: 'UploadPartCopy', fault, times: 30 })).rejects.toMatchObject({
    kind: 'unavailable',
  });
  expect(stand.fake.bucket('bucket').uploads.size).toBe(0);
});

test('another service is streamed from', async () => {
  const elsewhere = await FakeS3.start();
  const other = new S3Store({ url: elsewhere.url('bucket'), credentials: FAKE_CREDENTIALS });
  try {
    await other.putData('d/source', inPieces(sample(9), 9));
    expect(await store.copyFrom(other, 'd/source', 'd/copy', { sizeBytes: 9 })).toBeUndefined();
  } finally {
    await other.close();
    await elsewhere.stop();
  }
});
