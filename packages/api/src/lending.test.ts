import { Readable } from 'node:stream';
import { afterEach, expect, test } from '@jest/globals';
import { MemoryStore, type LendingBody, type ObjectStore } from '@atoll/storage';
import { Harness } from './testing/harness.js';

/** Lends one piece of memory for all of its bytes, so that a server that keeps it sends something else. */
class OneBuffer extends Readable implements LendingBody {
  constructor(
    private readonly bytes: Buffer,
    private readonly lent: (sentBytes: number) => void,
  ) {
    super({ read: () => undefined });
  }

  async lend(take: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    const memory = Buffer.alloc(65_536);
    for (let at = 0; at < this.bytes.length; at += memory.length) {
      const length = this.bytes.copy(memory, 0, at, at + memory.length);
      await take(memory.subarray(0, length));
      memory.fill(0xee);
      this.lent(at + length);
    }
    this.destroy();
  }
}

class LendingStore extends MemoryStore {
  lentBytes = 0;

  override async open(...[key, options]: Parameters<ObjectStore['open']>): ReturnType<ObjectStore['open']> {
    const found = await this.get(key);
    if (!found) return undefined;
    const bytes = found.body.subarray(options?.start ?? 0, options?.end);
    return { info: found.info, body: new OneBuffer(bytes, (sent) => (this.lentBytes = sent)) };
  }
}

let api: Harness | undefined;
afterEach(() => api?.stop());

const BLOB = Buffer.from(Array.from({ length: 8_000_000 }, (_, at) => at % 241));

test('lent memory is sent before it is used again', async () => {
  api = await Harness.start({ store: new LendingStore() });
  const digest = await api.pushBlob('a', BLOB);
  const whole = await api.ask('GET', `/v2/a/blobs/${digest}`);
  expect(whole.status).toBe(200);
  expect(whole.body.equals(BLOB)).toBe(true);
  const part = await api.ask('GET', `/v2/a/blobs/${digest}`, { headers: { Range: 'bytes=70000-7000000' } });
  expect(part.status).toBe(206);
  expect(part.body.equals(BLOB.subarray(70_000, 7_000_001))).toBe(true);
});

test('nothing more is lent to a client that has left', async () => {
  const store = new LendingStore();
  api = await Harness.start({ store });
  const digest = await api.pushBlob('a', BLOB);
  const wire = await api.wire();
  wire.head(`GET /v2/a/blobs/${digest} HTTP/1.1`, 'Host: r');
  while (store.lentBytes === 0) await new Promise(setImmediate);
  wire.close();
  const served = () => api?.log.of('request served').find(({ facts }) => facts.aborted === true);
  while (served() === undefined) await new Promise(setImmediate);
  expect(store.lentBytes).toBeLessThan(BLOB.length);
  expect(api.log.of('request failed')).toEqual([]);
  expect((await api.ask('GET', '/v2/')).status).toBe(200);
});
