import { expect, test } from '@jest/globals';
import type { OrderedPut, PutCondition } from '../object-store.js';
import { putOneByOne } from '../put-one-by-one.js';
import type { Subject } from './describe-object-store.js';
import { read, readAll, sample, write } from './samples.js';

export function objectTests(subject: Subject): void {
  test('what was never written is absent, whichever way it is read', async () => {
    const { store } = subject();
    expect(await store.get('x/none')).toBeUndefined();
    expect(await store.head('x/none')).toBeUndefined();
    expect(await store.open('x/none')).toBeUndefined();
  });

  test('an object reads back as it was put, with its size, version and time', async () => {
    const { store } = subject();
    const before = Date.now();
    const version = await write(store, 'x/a', 'hello');
    const got = await store.get('x/a');
    const opened = await store.open('x/a');
    expect(got?.body.toString()).toBe('hello');
    expect(got?.info).toMatchObject({ key: 'x/a', sizeBytes: 5, version });
    // Another machine's clock tells the time, so it is only roughly ours.
    expect(Math.abs((got?.info.modified.getTime() ?? 0) - before)).toBeLessThan(300_000);
    expect(await store.head('x/a')).toEqual(got?.info);
    expect(opened?.info).toEqual(got?.info);
    expect(opened && (await readAll(opened.body)).toString()).toBe('hello');
  });

  test('a version at hand is that of the object, whatever was done to it before', async () => {
    const { store } = subject();
    const known = () => store.versionAtHand?.('x/a');
    const versionIfKnown = [undefined, await write(store, 'x/a', 'one')];
    expect(versionIfKnown).toContain(known());
    await store.get('x/a');
    expect(versionIfKnown).toContain(known());
    const written = write(store, 'x/a', 'two');
    expect(versionIfKnown).toContain(known());
    expect([undefined, await written]).toContain(known());
    await store.delete('x/a', { blind: true });
    expect(known()).toBeUndefined();
  });

  test('an empty object is an object', async () => {
    const { store } = subject();
    await write(store, 'x/empty', '');
    expect(await read(store, 'x/empty')).toBe('');
    expect(await store.head('x/empty')).toMatchObject({ sizeBytes: 0 });
    const opened = await store.open('x/empty');
    expect(opened && (await readAll(opened.body)).length).toBe(0);
  });

  test('an object of several megabytes is put and got whole', async () => {
    const { store } = subject();
    const body = sample(5_000_000);
    await store.put('x/large', body, { ifAbsent: true });
    expect((await store.get('x/large'))?.body.equals(body)).toBe(true);
  });

  test('a blind put replaces what is there', async () => {
    const { store } = subject();
    await write(store, 'x/a', 'one');
    await write(store, 'x/a', 'two, longer');
    await write(store, 'x/a', 'three');
    expect(await read(store, 'x/a')).toBe('three');
  });

  test('a put that wants the key absent conflicts where it is not, and changes nothing', async () => {
    const { store } = subject();
    await write(store, 'x/a', 'first', { ifAbsent: true });
    expect(await store.put('x/a', Buffer.from('second'), { ifAbsent: true })).toBe('conflict');
    expect(await read(store, 'x/a')).toBe('first');
  });

  test('a put that names a version conflicts where the object has another one or is absent', async () => {
    const { store } = subject();
    const first = await write(store, 'x/a', 'first');
    const second = await write(store, 'x/a', 'second', { ifVersion: first });
    expect(await store.put('x/a', Buffer.from('lost'), { ifVersion: first })).toBe('conflict');
    expect(await read(store, 'x/a')).toBe('second');
    await store.delete('x/a', { blind: true });
    expect(await store.put('x/a', Buffer.from('lost'), { ifVersion: second })).toBe('conflict');
    expect(await read(store, 'x/a')).toBeUndefined();
  });

  test('a version never comes back, not even with the same bytes after a delete', async () => {
    const { store } = subject();
    const versions = new Set<string>();
    for (let n = 0; n < 8; n++) {
      // Each writer adds a nonce: where versions are made of the content, this is what keeps them apart.
      versions.add(await write(store, 'x/a', `live ${n}`));
      versions.add(await write(store, 'x/a', `gone ${n}`));
      if (n % 2 === 0) await store.delete('x/a', { blind: true });
    }
    expect(versions.size).toBe(16);
  });

  test('deleting is told once, and is safe to repeat', async () => {
    const { store } = subject();
    await write(store, 'x/a', 'one');
    expect(await store.delete('x/a', { blind: true })).toBe('deleted');
    expect(await read(store, 'x/a')).toBeUndefined();
    await expect(store.delete('x/a', { blind: true })).resolves.not.toBe('conflict');
  });

  test('a delete that names a version spares any other, or is refused where it is not claimed', async () => {
    const { store } = subject();
    const first = await write(store, 'x/a', 'first');
    if (!store.capabilities.conditionalDelete) {
      await expect(store.delete('x/a', { ifVersion: first })).rejects.toMatchObject({ kind: 'unsupported' });
      return;
    }
    const second = await write(store, 'x/a', 'second');
    expect(await store.delete('x/a', { ifVersion: first })).toBe('conflict');
    expect(await read(store, 'x/a')).toBe('second');
    expect(await store.delete('x/a', { ifVersion: second })).toBe('deleted');
    await expect(store.delete('x/a', { ifVersion: second })).resolves.not.toBe('conflict');
  });

  test('what is put as short-lived is an object like any other, to whoever asks this store', async () => {
    const { store } = subject();
    const shortLived = { shortLived: true };
    const keys = async (prefix: string) => (await store.list(prefix, { limit: 10 })).entries.map(({ key }) => key);
    await store.put('x/a', Buffer.from('one'), { ifAbsent: true }, shortLived);
    expect(await read(store, 'x/a')).toBe('one');
    await store.put('x/a', Buffer.from('two'), { blind: true }, shortLived);
    expect(await store.head('x/a')).toMatchObject({ sizeBytes: 3 });
    await store.delete('x/a', { blind: true });
    expect([await read(store, 'x/a'), await keys('x/')]).toEqual([undefined, []]);
    const stale = await store.put('x/b', Buffer.from('three'), { blind: true }, shortLived);
    expect(await keys('x/')).toEqual(['x/b']);
    expect(await store.put('x/b', Buffer.from('lost'), { ifAbsent: true }, shortLived)).toBe('conflict');
    const last = await store.put('x/b', Buffer.from('four'), { blind: true }, shortLived);
    const [lost, kept] = [stale, last].map((put) => ({ ifVersion: put === 'conflict' ? '' : put.version }));
    expect(lost && (await store.put('x/b', Buffer.from('lost'), lost))).toBe('conflict');
    expect(kept && (await store.put('x/b', Buffer.from('five'), kept))).not.toBe('conflict');
    expect(await read(store, 'x/b')).toBe('five');
  });

  test('what is put as short-lived and stays is found by another process', async () => {
    const { store, reopen } = subject();
    await store.put('x/a', Buffer.from('one'), { blind: true }, { shortLived: true });
    await store.put('x/b', Buffer.from('two'), { blind: true }, { shortLived: true });
    await store.delete('x/b', { blind: true });
    const later = reopen ? await reopen() : store;
    expect([await read(later, 'x/a'), await read(later, 'x/b')]).toEqual(['one', undefined]);
  });

  test('puts in order end with the first that conflicts, and each before it is there', async () => {
    const { store } = subject();
    const put = (key: string, condition: PutCondition, text = `new ${key}`) => ({
      key,
      body: Buffer.from(text),
      condition,
    });
    const inOrder = (puts: readonly OrderedPut[]) => store.putInOrder?.(puts) ?? putOneByOne(store, puts);
    const ifVersion = await write(store, 'x/b', 'old');
    const first = [put('x/a', { ifAbsent: true }), put('x/b', { ifVersion }), put('x/c', { blind: true })];
    const outcomes = await inOrder(first);
    expect(outcomes).toEqual(
      await Promise.all(first.map(async ({ key }) => ({ version: (await store.head(key))?.version }))),
    );
    const stale = [put('y/a', { ifAbsent: true }), put('x/b', { ifVersion }, 'stale'), put('y/b', { blind: true })];
    expect(await inOrder(stale)).toEqual([{ version: expect.any(String) }, 'conflict']);
    const keys = ['x/a', 'x/b', 'x/c', 'y/a', 'y/b'];
    expect(await Promise.all(keys.map((key) => read(store, key)))).toEqual([
      ...keys.slice(0, 4).map((key) => `new ${key}`),
      undefined,
    ]);
  });

  test('what a read hands out is the reader’s own', async () => {
    const { store } = subject();
    await write(store, 'x/a', 'hello');
    (await store.get('x/a'))?.body.fill(0);
    expect(await read(store, 'x/a')).toBe('hello');
  });

  test('what a put was given may be used again once it has answered', async () => {
    const { store } = subject();
    const body = Buffer.from('hello');
    await store.put('x/a', body, { blind: true });
    body.fill(0);
    expect(await read(store, 'x/a')).toBe('hello');
  });

  test.each([
    { start: 0, end: 1, what: 'the first byte' },
    { start: 1, end: 3, what: 'some bytes inside' },
    { start: 1_999_999, end: 2_000_000, what: 'the last byte' },
    { start: 0, end: 2_000_000, what: 'everything' },
    { start: 65_535, end: 1_048_577, what: 'bytes across the size of a read' },
    { start: 1_500_000, end: undefined, what: 'everything from a place on' },
    { start: undefined, end: 700_000, what: 'everything up to a place' },
  ])('open reads $what', async ({ start, end }) => {
    const { store } = subject();
    const body = sample(2_000_000);
    await store.put('x/a', body, { blind: true });
    const range = { ...(start !== undefined && { start }), ...(end !== undefined && { end }) };
    const opened = await store.open('x/a', range);
    expect(opened?.info.sizeBytes).toBe(2_000_000);
    expect(opened && (await readAll(opened.body)).equals(body.subarray(start, end))).toBe(true);
  });

  test('a reader may stop early', async () => {
    const { store } = subject();
    await store.put('x/a', sample(3_000_000), { blind: true });
    const opened = await store.open('x/a');
    for await (const _ of opened?.body ?? []) break;
    expect(opened?.body.destroyed).toBe(true);
  });

  test('a URL to read from is given where it is claimed, and only there', async () => {
    const { store } = subject();
    await write(store, 'x/a', 'hello');
    const url = await store.presignGet('x/a', { ttlSeconds: 60, contentType: 'text/plain' });
    expect(url !== undefined).toBe(store.capabilities.presign);
  });
}
