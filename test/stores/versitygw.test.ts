import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { probeStore } from '@atoll/storage';
import { S3Store, type S3StoreOptions } from '@atoll/storage-s3';
import { describeObjectStore } from '@atoll/storage/testing';
import { Versitygw, VERSITYGW_CREDENTIALS } from './versitygw.js';

describe('over versitygw', () => {
  let server: Versitygw;
  let opened = 0;
  beforeAll(async () => {
    server = await Versitygw.start();
  });
  afterAll(() => server.stop());

  const openEmpty = (options: Partial<S3StoreOptions> = {}) => {
    const url = server.makeBucket(`bucket-${opened++}`);
    return () => new S3Store({ url, credentials: VERSITYGW_CREDENTIALS, ...options });
  };

  // Its deletes that name a version are not atomic against puts, so that they are left out of the races.
  describeObjectStore('S3Store', async () => {
    const open = openEmpty({ conditionalDelete: false });
    const [store, peer] = [open(), openEmpty()()];
    return {
      store,
      peer,
      reopen: async () => open(),
      close: async () => void (await Promise.all([store.close(), peer.close()])),
    };
  });

  test('the boot probe finds it fit', async () => {
    const store = openEmpty()();
    expect(await probeStore(store)).toEqual({ conditionalDelete: true });
    await store.close();
  });

  test('a delete that names a version spares any other', async () => {
    const store = openEmpty()();
    const first = await store.put('x/a', Buffer.from('one'), { ifAbsent: true });
    const second = await store.put('x/a', Buffer.from('two'), { blind: true });
    if (first === 'conflict' || second === 'conflict') throw new Error('a conflict without a rival');
    expect(await store.delete('x/a', { ifVersion: first.version })).toBe('conflict');
    expect(await store.delete('x/a', { ifVersion: second.version })).toBe('deleted');
    await store.close();
  });

  test('a signed URL gives the bytes to whoever has it', async () => {
    const store = openEmpty()();
    await store.put('x/a', Buffer.from('hello'), { ifAbsent: true });
    const url = (await store.presignGet('x/a', { ttlSeconds: 60, contentType: 'text/plain' })) ?? '';
    const answer = await fetch(url);
    expect([answer.headers.get('content-type'), await answer.text()]).toEqual(['text/plain', 'hello']);
    await store.close();
  });
});
