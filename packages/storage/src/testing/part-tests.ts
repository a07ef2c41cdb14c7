import { expect, test } from '@jest/globals';
import type { Json, ObjectStore, PartReceipt } from '../object-store.js';
import { expectData, expectNothing } from './data-objects.js';
import type { Subject } from './describe-object-store.js';
import { inPieces, lent, sample, thenWaits } from './samples.js';

export function partTests(subject: Subject): void {
  test('the source of a part may use the memory of a chunk again when it is asked for the next one', async () => {
    const { store } = subject();
    const upload = await store.beginData('d/lent-part');
    const sizeBytes = partBytes(store);
    const parts = [sample(sizeBytes), sample(sizeBytes, 'of a known size')];
    const [first, second] = [lent(parts[0] ?? Buffer.alloc(0), 65_536), lent(parts[1] ?? Buffer.alloc(0), sizeBytes)];
    const receipts = [
      await store.writePart('d/lent-part', upload, { number: 1, offsetBytes: 0 }, first),
      await store.writePart('d/lent-part', upload, { number: 2, offsetBytes: sizeBytes, sizeBytes }, second),
    ];
    await store.completeData('d/lent-part', upload, receipts);
    await expectData(store, 'd/lent-part', Buffer.concat(parts));
  });

  test('nothing is to be seen of a data object in parts before it is complete', async () => {
    const { store } = subject();
    const upload = await store.beginData('d/parts');
    await writeParts(store, 'd/parts', upload, [sample(partBytes(store))]);
    await expectNothing(store, 'd/parts');
  });

  test('parts written by one process after another make one data object', async () => {
    const { store, reopen } = subject();
    const size = partBytes(store);
    const bytes = sample(size * 2 + 17);
    const parts = [bytes.subarray(0, size), bytes.subarray(size, size * 2), bytes.subarray(size * 2)];
    const upload = await store.beginData('d/parts');
    const first = await writeParts(store, 'd/parts', upload, parts.slice(0, 1));
    const later = (await reopen?.()) ?? store;
    const receipts = await writeParts(later, 'd/parts', asStored(upload), parts, asStored(first));
    expect(receipts.map(({ number, sizeBytes }) => [number, sizeBytes])).toEqual([
      [1, size],
      [2, size],
      [3, 17],
    ]);
    const last = (await reopen?.()) ?? later;
    const whole = { sizeBytes: bytes.length };
    expect(await last.completeData('d/parts', asStored(upload), asStored(receipts))).toEqual(whole);
    await expectData(last, 'd/parts', bytes);
  });

  test('completing again gives the same answer', async () => {
    const { store } = subject();
    const bytes = sample(100);
    const upload = await store.beginData('d/again');
    const receipts = await writeParts(store, 'd/again', upload, [bytes]);
    const first = await store.completeData('d/again', upload, receipts);
    expect(await store.completeData('d/again', upload, receipts)).toEqual(first);
    await expectData(store, 'd/again', bytes);
  });

  test('a part written again replaces what was there', async () => {
    const { store } = subject();
    const size = partBytes(store);
    const upload = await store.beginData('d/rewritten');
    const [first] = await writeParts(store, 'd/rewritten', upload, [sample(size, 'first')]);
    await writeParts(store, 'd/rewritten', upload, [sample(size, 'first'), sample(90, 'wrong')], first && [first]);
    const right = await writeParts(
      store,
      'd/rewritten',
      upload,
      [sample(size, 'first'), sample(40, 'right')],
      first && [first],
    );
    expect(await store.completeData('d/rewritten', upload, right)).toEqual({ sizeBytes: size + 40 });
    await expectData(store, 'd/rewritten', Buffer.concat([sample(size, 'first'), sample(40, 'right')]));
  });

  test('a part whose stream fails is not acknowledged and may be written again', async () => {
    const { store } = subject();
    const size = partBytes(store);
    const bytes = sample(size + 50);
    const upload = await store.beginData('d/retried');
    const acknowledged = await writeParts(store, 'd/retried', upload, [bytes.subarray(0, size)]);
    const fault = new Error('the client went away');
    const part = { number: 2, offsetBytes: size };
    const failing = inPieces(sample(300, 'other'), 100, fault);
    await expect(store.writePart('d/retried', upload, part, failing)).rejects.toBe(fault);
    const receipts = await writeParts(
      store,
      'd/retried',
      upload,
      [bytes.subarray(0, size), bytes.subarray(size)],
      acknowledged,
    );
    await store.completeData('d/retried', upload, receipts);
    await expectData(store, 'd/retried', bytes);
  });

  test('a part that is aborted while it waits may be written again', async () => {
    const { store } = subject();
    const controller = new AbortController();
    const reason = new Error('enough');
    const upload = await store.beginData('d/part');
    const chunks = thenWaits(sample(5_000, 'other'), () => controller.abort(reason));
    const aborted = store.writePart('d/part', upload, { number: 1, offsetBytes: 0 }, chunks, {
      signal: controller.signal,
    });
    await expect(aborted).rejects.toBe(reason);
    const receipts = await writeParts(store, 'd/part', upload, [sample(3_000)]);
    await store.completeData('d/part', upload, receipts);
    await expectData(store, 'd/part', sample(3_000));
  });

  test('two uploads at a time do not mix', async () => {
    const { store } = subject();
    const bodies = new Map(['d/Left', 'd/left', 'd/right'].map((key) => [key, sample(2_000, key)]));
    await Promise.all(
      [...bodies].map(async ([key, bytes]) => {
        const upload = await store.beginData(key);
        await store.completeData(key, upload, await writeParts(store, key, upload, [bytes]));
      }),
    );
    for (const [key, bytes] of bodies) await expectData(store, key, bytes);
  });

  test('an aborted upload is gone, and aborting it again is safe', async () => {
    const { store, takesLateParts } = subject();
    const upload = await store.beginData('d/dropped');
    const receipts = await writeParts(store, 'd/dropped', upload, [sample(100)]);
    await store.abortData('d/dropped', upload);
    await store.abortData('d/dropped', upload);
    const unknown = { kind: 'unknown-upload' };
    await expect(store.completeData('d/dropped', upload, receipts)).rejects.toMatchObject(unknown);
    const late = writeParts(store, 'd/dropped', upload, [sample(100)]);
    if (takesLateParts === true) await late;
    else await expect(late).rejects.toMatchObject(unknown);
    await expectNothing(store, 'd/dropped');
  });

  test('aborting an upload that is complete leaves the data object alone', async () => {
    const { store } = subject();
    const upload = await store.beginData('d/kept');
    await store.completeData('d/kept', upload, await writeParts(store, 'd/kept', upload, [sample(100)]));
    await store.abortData('d/kept', upload);
    await expectData(store, 'd/kept', sample(100));
  });
}

/** A size that parts other than the last may have. */
function partBytes(store: ObjectStore): number {
  return Math.max(store.capabilities.parts.minBytes, 1_000);
}

/** Writes the parts that `done` does not tell of yet. */
async function writeParts(
  store: ObjectStore,
  key: string,
  upload: Json,
  parts: readonly Buffer[],
  done: readonly PartReceipt[] = [],
): Promise<PartReceipt[]> {
  const receipts = [...done];
  let offsetBytes = receipts.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  for (const bytes of parts.slice(done.length)) {
    const part = { number: receipts.length + 1, offsetBytes };
    receipts.push(await store.writePart(key, upload, part, inPieces(bytes, Math.ceil(bytes.length / 3))));
    offsetBytes += bytes.length;
  }
  return receipts;
}

/** What is left of a value that was kept in a session and read by another process. */
function asStored<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
