import { MemoryStore } from '@atoll/storage';
import { describe, expect, test } from '@jest/globals';
import { claimRegion, originOf, readRegion } from './region.js';

describe('a region', () => {
  test('claims an empty store once, and finds itself in it afterwards', async () => {
    const store = new MemoryStore();
    expect(await readRegion(store)).toBeUndefined();
    const claimed = await claimRegion(store, 'eu');
    expect(claimed).toMatchObject({ region: 'eu', incarnation: 1, shards: 4 });
    expect(Buffer.from(claimed.uploadSecret, 'base64url')).toHaveLength(32);
    expect(await claimRegion(store, 'eu')).toEqual(claimed);
    expect(await readRegion(store)).toEqual(claimed);
    expect(originOf(claimed)).toBe('eu#1');
  });

  test('has one identity however many of its processes start at once', async () => {
    const store = new MemoryStore();
    const claims = await Promise.all(Array.from({ length: 10 }, () => claimRegion(store, 'eu')));
    expect(new Set(claims.map(({ uploadSecret }) => uploadSecret)).size).toBe(1);
  });

  test('does not start on the store of another', async () => {
    const store = new MemoryStore({ name: 'shared' });
    await claimRegion(store, 'eu');
    await expect(claimRegion(store, 'us')).rejects.toThrow('memory:///shared belongs to region eu, not to us');
  });
});
