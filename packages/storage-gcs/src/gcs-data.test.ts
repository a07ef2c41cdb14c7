import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { describePartFaults, inPieces, readAll, sample } from '@atoll/storage/testing';
import { pieceBytesAt } from './piece-sizes.js';
import type { GcsStore } from './gcs-store.js';
import { FAULT_SUITE } from './testing/fault-suite.js';
import { Stand } from './testing/stand.js';

const MIB = 1_048_576;

describePartFaults('GcsStore', FAULT_SUITE);

let stand: Stand;
let store: GcsStore;
beforeEach(async () => {
  stand = await Stand.start();
  store = stand.open();
  await store.head('x/a');
  stand.fake.takeCounts();
});
afterEach(() => stand.stop());

async function expectData(key: string, bytes: Buffer): Promise<void> {
  const opened = await store.open(key);
  expect(opened && (await readAll(opened.body)).equals(bytes)).toBe(true);
}

test('a data object of less than a piece takes one request, a larger one two and one for each piece', async () => {
  await store.putData('d/small', inPieces(sample(8 * MIB - 1), MIB));
  expect(stand.fake.takeCounts()).toEqual({ InsertObject: 1 });
  const bytes = sample(17 * MIB);
  await store.putData('d/large', inPieces(bytes, MIB));
  expect(stand.fake.takeCounts()).toEqual({ CreateMultipartUpload: 1, UploadPart: 3, CompleteMultipartUpload: 1 });
  await expectData('d/large', bytes);
});

test('answers that are lost on the way to a data object cost a request each, and nothing else', async () => {
  for (const name of ['UploadPart', 'CompleteMultipartUpload'] as const) {
    stand.fake.faults.add(name, { kind: 'lose-answer' });
  }
  const bytes = sample(9 * MIB);
  expect(await store.putData('d/lost', inPieces(bytes, MIB))).toEqual({ sizeBytes: bytes.length });
  const counts = { CreateMultipartUpload: 1, UploadPart: 3, CompleteMultipartUpload: 2, GetMetadata: 1 };
  expect(stand.fake.takeCounts()).toEqual(counts);
  await expectData('d/lost', bytes);
  expect(stand.fake.bucket('bucket').multipart.size).toBe(0);
});

test('a data object in one request whose answer is lost is found to be there', async () => {
  stand.fake.faults.add('InsertObject', { kind: 'lose-answer' });
  const bytes = sample(70_000);
  expect(await store.putData('d/lost', inPieces(bytes, 7_000))).toEqual({ sizeBytes: bytes.length });
  await expectData('d/lost', bytes);
});

test('a stream that breaks off leaves no upload behind', async () => {
  const fault = new Error('the client went away');
  await expect(store.putData('d/broken', inPieces(sample(20 * MIB), MIB, fault))).rejects.toBe(fault);
  expect(stand.fake.bucket('bucket').multipart.size).toBe(0);
});

test('a part that is slow, refused and cut arrives all the same', async () => {
  const upload = await store.beginData('d/a');
  stand.fake.faults.add('UploadPart', { kind: 'slow', milliseconds: 20 });
  stand.fake.faults.add('UploadPart', { kind: 'refuse', status: 503, code: 'SlowDown' });
  stand.fake.faults.add('UploadPart', { kind: 'reset' });
  const bytes = sample(70_000);
  const part = { number: 1, offsetBytes: 0 };
  stand.fake.faults.add('UploadPart', { kind: 'lose-answer' });
  const first = await store.writePart('d/a', upload, part, inPieces(bytes, 7_000));
  const again = await store.writePart('d/a', upload, part, inPieces(bytes, 7_000));
  expect(again).toEqual(first);
  await store.completeData('d/a', upload, [again]);
  await expectData('d/a', bytes);
});

test('a part with another length than was said is not acknowledged', async () => {
  const upload = await store.beginData('d/a');
  const part = { number: 1, offsetBytes: 0, sizeBytes: 11 };
  const written = store.writePart('d/a', upload, part, inPieces(sample(10), 5));
  await expect(written).rejects.toMatchObject({ kind: 'corrupt' });
  expect(stand.fake.takeCounts().UploadPart).toBeUndefined();
});

test('what was completed from other parts is told', async () => {
  const upload = await store.beginData('d/a');
  const part = await store.writePart('d/a', upload, { number: 1, offsetBytes: 0 }, inPieces(sample(10), 5));
  await store.completeData('d/a', upload, [part]);
  const other = store.completeData('d/a', upload, [{ ...part, sizeBytes: 11 }]);
  await expect(other).rejects.toMatchObject({ kind: 'corrupt' });
});

test('a data object under a key that is taken is told', async () => {
  await store.putData('d/a', inPieces(sample(10), 5));
  const second = store.putData('d/a', inPieces(sample(11), 5));
  await expect(second).rejects.toMatchObject({ kind: 'corrupt', message: expect.stringContaining('exists') });
});

test('a copy of any size moves no byte through the process', async () => {
  const peer = stand.open({ url: stand.fake.url('peer', 'eu') });
  await peer.putData('d/source', inPieces(sample(40 * MIB), MIB));
  stand.fake.takeCounts();
  stand.fake.faults.add('RewriteObject', { kind: 'lose-answer' });
  expect(await store.copyFrom(peer, 'd/source', 'd/copy', { sizeBytes: 40 * MIB })).toEqual({ sizeBytes: 40 * MIB });
  const { RewriteObject = 0, ...others } = stand.fake.takeCounts();
  expect([RewriteObject, others]).toEqual([6, { GetMetadata: 1 }]);
  await expectData('d/copy', sample(40 * MIB));
});

test('what this bucket may not read of the other is left to the caller', async () => {
  const peer = stand.open({ url: stand.fake.url('peer') });
  await peer.putData('d/source', inPieces(sample(10), 5));
  stand.fake.faults.add('RewriteObject', { kind: 'refuse', status: 403, code: 'forbidden' });
  expect(await store.copyFrom(peer, 'd/source', 'd/copy', { sizeBytes: 10 })).toBeUndefined();
});

test('ten thousand pieces hold a tebibyte, and none of the first gibibytes takes more than 8 MiB of memory', () => {
  let offsetBytes = 0;
  for (let number = 1; number <= 10_000; number++) offsetBytes += pieceBytesAt(offsetBytes, 8 * MIB);
  expect(offsetBytes).toBeGreaterThan(1024 ** 4);
  expect(pieceBytesAt(7 * 1024 * MIB, 8 * MIB)).toBe(8 * MIB);
});
