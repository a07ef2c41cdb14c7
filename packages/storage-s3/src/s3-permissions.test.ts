import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { probeStore } from '@atoll/storage';
import { inPieces, sample } from '@atoll/storage/testing';
import { Stand } from './testing/stand.js';

let stand: Stand;
beforeEach(async () => {
  stand = await Stand.start();
});
afterEach(() => stand.stop());

test.each([
  ['s3:GetObject', 'may not read objects: they need s3:GetObject on them'],
  ['s3:PutObject', 'may not write objects: they need s3:PutObject on them'],
  ['s3:DeleteObject', 'may not delete objects: they need s3:DeleteObject on them'],
  ['s3:ListBucket', 's3:ListBucket on the bucket to be told what is absent'],
])('without %s the boot probe is refused with a sentence that says so', async (permission, sentence) => {
  stand.fake.denied.add(permission);
  const failure = await probeStore(stand.open()).catch((cause: unknown) => cause);
  expect(failure).toMatchObject({ kind: 'denied' });
  expect(String(failure)).toContain(sentence);
});

test('a bucket that may be read and not listed says so', async () => {
  stand.fake.denied.add('s3:ListBucket');
  const list = stand.open().list('', { limit: 1 });
  await expect(list).rejects.toThrow('may not list the bucket: they need s3:ListBucket on it');
});

test('uploads that may not be freed say so', async () => {
  stand.fake.denied.add('s3:AbortMultipartUpload');
  const store = stand.open();
  const freed = store.abortData('d/a', await store.beginData('d/a'));
  await expect(freed).rejects.toThrow('may not free uploads: they need s3:AbortMultipartUpload on objects');
});

test('a peer is read with two permissions, and is not written', async () => {
  await stand.open().put('x/a', Buffer.from('hello'), { blind: true });
  for (const action of ['PutObject', 'DeleteObject', 'AbortMultipartUpload']) stand.fake.denied.add(`s3:${action}`);
  const peer = stand.open({ readOnly: true });
  expect((await peer.get('x/a'))?.body.toString()).toBe('hello');
  expect((await peer.list('', { limit: 5 })).entries).toHaveLength(1);
  expect(await peer.head('x/none')).toBeUndefined();
});

test('a rule that removes what is in use stops the start, and is named', async () => {
  const careless = await Stand.start({ expiryRule: 'tidy up' });
  const failure = await probeStore(careless.open()).catch((cause: unknown) => cause);
  await careless.stop();
  expect(String(failure)).toContain('a lifecycle rule of the bucket removes objects that are in use ("tidy up")');
});

test('a copy that may not be made is streamed', async () => {
  const store = stand.open();
  const peer = stand.open({ url: stand.fake.url('peer') });
  await peer.putData('d/a', inPieces(sample(9), 9));
  await store.head('d/a');
  stand.fake.denied.add('s3:PutObject');
  expect(await store.copyFrom(peer, 'd/a', 'd/b', { sizeBytes: 9 })).toBeUndefined();
});
