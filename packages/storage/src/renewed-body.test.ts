import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import { RenewedBody, type RenewedBodyParts } from './renewed-body.js';
import { inPieces, readAll, sample } from './testing/samples.js';

const BYTES = sample(200_000);

/** A source that fails, ends early or stops after so many bytes. */
function broken(start: number, afterBytes: number, how: 'fails' | 'ends' | 'stalls'): Readable {
  let given = false;
  return new Readable({
    read() {
      if (!given) {
        given = true;
        this.push(BYTES.subarray(start, start + afterBytes));
      } else if (how === 'fails') this.destroy(new Error('cut'));
      else if (how === 'ends') this.push(null);
    },
  });
}

function body(source: Readable, more: Partial<RenewedBodyParts> = {}): RenewedBody {
  return new RenewedBody({
    source,
    sizeBytes: BYTES.length,
    signal: undefined,
    idleMs: 1_000,
    again: async (offsetBytes) => Readable.from([BYTES.subarray(offsetBytes)], { objectMode: false }),
    toError: (cause) => cause,
    ...more,
  });
}

test.each(['fails', 'ends', 'stalls'] as const)('a source that %s is taken up where it was', async (how) => {
  const offsets: number[] = [];
  const read = await readAll(
    body(broken(0, 70_000, how), {
      idleMs: 50,
      again: async (offsetBytes) => {
        offsets.push(offsetBytes);
        return offsets.length === 1 ? broken(70_000, 50_000, how) : Readable.from([BYTES.subarray(offsetBytes)]);
      },
    }),
  );
  expect(read.equals(BYTES)).toBe(true);
  expect(offsets).toEqual([70_000, 120_000]);
});

test('a source that is sound is read once, and nothing behind its size', async () => {
  const again = async (): Promise<Readable> => Promise.reject(new Error('not wanted'));
  const source = Readable.from([BYTES, Buffer.from('more')], { objectMode: false });
  expect((await readAll(body(source, { again }))).equals(BYTES)).toBe(true);
  expect(await readAll(body(Readable.from([]), { again, sizeBytes: 0 }))).toHaveLength(0);
});

test('where there is no hope the reader is told why', async () => {
  const toError = (cause: unknown) => new Error('told', { cause });
  const again = async (_: number, cause: unknown): Promise<Readable> => Promise.reject(new Error('gone', { cause }));
  const reading = readAll(body(broken(0, 10, 'fails'), { again, toError }));
  await expect(reading).rejects.toMatchObject({
    message: 'told',
    cause: { message: 'gone', cause: { message: 'cut' } },
  });
});

test('a reader that pauses is not a source that stalls', async () => {
  const again = async (): Promise<Readable> => Promise.reject(new Error('not wanted'));
  const slow = body(Readable.from(inPieces(BYTES, 20_000), { objectMode: false }), { again, idleMs: 20 });
  const chunks: Uint8Array[] = [];
  for await (const chunk of slow as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  expect(Buffer.concat(chunks).equals(BYTES)).toBe(true);
});

test('an abort ends it with its reason, and the source too', async () => {
  const controller = new AbortController();
  const source = broken(0, 10, 'stalls');
  const reading = readAll(body(source, { signal: controller.signal }));
  controller.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  expect(source.destroyed).toBe(true);
});

test('what is lent is whole and in order, and its memory is given back', async () => {
  const chunks = [BYTES.subarray(0, 90_000), BYTES.subarray(90_000)].map((piece) => new Uint8Array(piece));
  const taken: Uint8Array[] = [];
  const copies: Buffer[] = [];
  await body(Readable.from(chunks, { objectMode: false })).lend(async (bytes) => {
    taken.push(bytes);
    copies.push(Buffer.from(bytes));
  });
  expect(Buffer.concat(copies).equals(BYTES)).toBe(true);
  expect(taken.map(({ length }) => length)).toEqual(taken.map(() => 0));
});
