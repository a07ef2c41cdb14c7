import { describe, expect, test } from '@jest/globals';
import { ObjectCache, type CachedObject } from './object-cache.js';

const object = (text: string, key = 'x/a'): CachedObject => ({
  info: { key, sizeBytes: text.length, version: text, modified: new Date(0) },
  body: Buffer.from(text),
});

/** A write that ends when its answer is given to `end`. */
function startWrite(cache: ObjectCache, key = 'x/a') {
  let end: (change: { stored?: CachedObject }) => void = () => undefined;
  let fail: (cause: Error) => void = () => undefined;
  const pending = new Promise<{ stored?: CachedObject }>((resolve, reject) => ([end, fail] = [resolve, reject]));
  return { end, fail, done: cache.write(key, () => pending) };
}

function textAt(cache: ObjectCache): string | undefined {
  const found = cache.get('x/a');
  return found === 'absent' ? found : found?.info.version;
}

describe('ObjectCache', () => {
  test('keeps what was read when nobody wrote meanwhile', () => {
    const cache = new ObjectCache(10_000);
    cache.beginFill('x/a')(object('read'));
    expect(textAt(cache)).toBe('read');
  });

  test('keeps what was written', async () => {
    const cache = new ObjectCache(10_000);
    await cache.write('x/a', async () => ({ stored: object('written') }));
    expect(textAt(cache)).toBe('written');
  });

  test('a read that began before a write does not bring back what it read', async () => {
    const cache = new ObjectCache(10_000);
    const fill = cache.beginFill('x/a');
    await cache.write('x/a', async () => ({ stored: object('new') }));
    fill(object('old'));
    expect(textAt(cache)).toBe('new');
  });

  test('a read that began during a write is not kept, whichever ends first', async () => {
    const cache = new ObjectCache(10_000);
    const write = startWrite(cache);
    const early = cache.beginFill('x/a');
    const late = cache.beginFill('x/a');
    early(object('old'));
    expect(textAt(cache)).toBeUndefined();
    write.end({});
    await write.done;
    late(object('old'));
    expect(textAt(cache)).toBeUndefined();
  });

  test('a write that fails leaves nothing, because what became of it is not known', async () => {
    const cache = new ObjectCache(10_000);
    cache.beginFill('x/a')(object('old'));
    const write = startWrite(cache);
    expect(textAt(cache)).toBeUndefined();
    write.fail(new Error('no'));
    await expect(write.done).rejects.toThrow('no');
    expect(textAt(cache)).toBeUndefined();
    cache.beginFill('x/a')(object('read again'));
    expect(textAt(cache)).toBe('read again');
  });

  test('remembers that there is no object until a write of it begins', async () => {
    const cache = new ObjectCache(10_000);
    cache.beginFill('x/a')('absent');
    expect(textAt(cache)).toBe('absent');
    const write = startWrite(cache);
    cache.beginFill('x/a')('absent');
    expect(textAt(cache)).toBeUndefined();
    write.end({ stored: object('written') });
    await write.done;
    expect(textAt(cache)).toBe('written');
  });

  test('a read that failed, or that a write overtook, tells nothing of an object that is not there', async () => {
    const cache = new ObjectCache(10_000);
    cache.beginFill('x/a')(undefined);
    expect(textAt(cache)).toBeUndefined();
    const fill = cache.beginFill('x/a');
    await cache.write('x/a', async () => ({}));
    fill('absent');
    expect(textAt(cache)).toBeUndefined();
  });

  test('nothing is filled in while any of the writes of a key is under way', async () => {
    const cache = new ObjectCache(10_000);
    const [first, second] = [startWrite(cache), startWrite(cache)];
    first.end({});
    await first.done;
    cache.beginFill('x/a')('absent');
    expect(textAt(cache)).toBeUndefined();
    second.end({});
    await second.done;
    cache.beginFill('x/a')('absent');
    expect(textAt(cache)).toBe('absent');
  });

  test('names that are not there drive out no objects', () => {
    const cache = new ObjectCache(100_000);
    cache.beginFill('x/a')(object('kept'));
    for (let n = 0; n < 1_000; n++) cache.beginFill(`y/${n}`)('absent');
    expect(textAt(cache)).toBe('kept');
    expect([cache.get('y/0'), cache.get('y/999')]).toEqual([undefined, 'absent']);
  });

  test('what is large is not kept, and all together stays within the limit', () => {
    const cache = new ObjectCache(1_000_000);
    cache.beginFill('x/large')(object('x'.repeat(262_145), 'x/large'));
    expect(cache.get('x/large')).toBeUndefined();
    const keys = Array.from({ length: 20 }, (_, n) => `x/${n}`);
    for (const key of keys) cache.beginFill(key)(object('x'.repeat(100_000), key));
    const kept = keys.filter((key) => cache.get(key) !== undefined);
    expect(kept).toHaveLength(9);
    expect(kept.at(-1)).toBe('x/19');
  });
});

test('keeps the bytes in memory of their own, and not all of a piece that small Buffers share', () => {
  const cache = new ObjectCache(100_000);
  const body = Buffer.from('a few bytes');
  cache.beginFill('k')({ info: { key: 'k', sizeBytes: body.length, version: '1', modified: new Date(0) }, body });
  const kept = cache.get('k');
  expect(kept !== 'absent' && kept?.body.buffer.byteLength).toBe(body.length);
});
