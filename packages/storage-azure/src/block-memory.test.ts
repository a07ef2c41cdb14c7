import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import { ScriptedServer, type Reply } from './testing/scripted-server.js';

const MIB = 1_048_576;
const STREAMS = 10;
/** What is on its way, and the block that each stream has gathered meanwhile. */
const MOST_BYTES = (16 + STREAMS) * 8 * MIB;
const STORED: Reply = { status: 201, headers: { etag: '"0x1"', 'last-modified': 'Sun, 22 Nov 2026 12:00:00 GMT' } };
const ABSENT: Reply = { status: 404, headers: { 'x-ms-error-code': 'BlobNotFound' } };

test('however many streams there are, no more is read of them than is on its way and one block of each', async () => {
  const mayAnswer = Promise.withResolvers<void>();
  let atOnce = 0;
  let most = 0;
  const server = await ScriptedServer.start(async ({ method, query }) => {
    if (method === 'HEAD') return ABSENT;
    if (query.get('comp') !== 'block') return STORED;
    most = Math.max(most, ++atOnce);
    await mayAnswer.promise;
    atOnce -= 1;
    return STORED;
  });
  const store = server.open();
  let readBytes = 0;
  async function* source(): AsyncGenerator<Uint8Array> {
    const chunk = Buffer.alloc(MIB);
    for (let n = 0; n < 32; n++) {
      readBytes += chunk.length;
      yield chunk;
    }
  }
  const written = Array.from({ length: STREAMS }, (_, n) => store.putData(`d/${n}`, source()));
  let before = -1;
  while (atOnce < 16 || readBytes > before) {
    before = readBytes;
    for (let n = 0; n < 500; n++) await turn();
  }
  expect(atOnce).toBe(16);
  expect(readBytes).toBeLessThanOrEqual(MOST_BYTES);
  mayAnswer.resolve();
  expect(await Promise.all(written)).toEqual(Array(STREAMS).fill({ sizeBytes: 32 * MIB }));
  expect(most).toBe(16);
  await server.stop();
}, 120_000);

test.each([
  ['at the first attempt', 0, 2],
  ['at a second attempt only, as the first may still read it', 1, 1],
])('the memory of a block is given back where it was stored %s', async (_, refusals, freed) => {
  let left = refusals;
  const server = await ScriptedServer.start(({ method, query }) => {
    if (method === 'HEAD') return ABSENT;
    const refused = query.get('comp') === 'block' && left-- > 0;
    return refused ? { status: 503, headers: { 'x-ms-error-code': 'ServerBusy' } } : STORED;
  });
  const chunk = Buffer.alloc(16 * MIB);
  const transfer = jest.spyOn(ArrayBuffer.prototype, 'transfer');
  try {
    await server.open().putData('d/a', Readable.from([chunk]));
    expect(transfer).toHaveBeenCalledTimes(freed);
  } finally {
    transfer.mockRestore();
    await server.stop();
  }
});
