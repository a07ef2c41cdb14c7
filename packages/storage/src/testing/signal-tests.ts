import { expect, test } from '@jest/globals';
import type { Json, ObjectStore } from '../object-store.js';
import type { Subject } from './describe-object-store.js';
import { inPieces, read, readAll, sample, write } from './samples.js';

interface Call {
  readonly what: string;
  readonly run: (store: ObjectStore, upload: Json, signal: AbortSignal) => Promise<unknown>;
}

const calls: Call[] = [
  { what: 'get', run: (store, _, signal) => store.get('x/a', { signal }) },
  { what: 'open', run: (store, _, signal) => store.open('x/a', { signal }) },
  { what: 'head', run: (store, _, signal) => store.head('x/a', { signal }) },
  { what: 'put', run: (store, _, signal) => store.put('x/a', Buffer.from('changed'), { blind: true }, { signal }) },
  { what: 'delete', run: (store, _, signal) => store.delete('x/a', { blind: true }, { signal }) },
  { what: 'list', run: (store, _, signal) => store.list('x/', { limit: 1, signal }) },
  { what: 'putData', run: (store, _, signal) => store.putData('x/b', inPieces(sample(9), 3), { signal }) },
];

const partCalls: Call[] = [
  { what: 'beginData', run: (store, _, signal) => store.beginData('x/b', { signal }) },
  {
    what: 'writePart',
    run: (store, upload, signal) =>
      store.writePart('x/c', upload, { number: 1, offsetBytes: 0 }, inPieces(sample(9), 3), { signal }),
  },
  { what: 'completeData', run: (store, upload, signal) => store.completeData('x/c', upload, [], { signal }) },
  { what: 'abortData', run: (store, upload, signal) => store.abortData('x/c', upload, { signal }) },
];

export function partSignalTests(subject: Subject): void {
  test.each(partCalls)(
    '$what fails with the reason of a signal that has aborted, and changes nothing',
    async ({ run }) => {
      const { store } = subject();
      const upload = await store.beginData('x/c');
      const reason = new Error('too late');
      await expect(run(store, upload, AbortSignal.abort(reason))).rejects.toBe(reason);
      expect(await store.head('x/b')).toBeUndefined();
      expect(await store.head('x/c')).toBeUndefined();
    },
  );
}

export function signalTests(subject: Subject): void {
  test.each(calls)('$what fails with the reason of a signal that has aborted, and changes nothing', async ({ run }) => {
    const { store } = subject();
    await write(store, 'x/a', 'kept');
    const reason = new Error('too late');
    await expect(run(store, null, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(await read(store, 'x/a')).toBe('kept');
    expect(await store.head('x/b')).toBeUndefined();
  });

  test('reading stops when the signal aborts', async () => {
    const { store } = subject();
    await store.put('x/a', sample(4_000_000), { blind: true });
    const controller = new AbortController();
    const opened = await store.open('x/a', { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(opened && readAll(opened.body)).rejects.toThrow();
    expect(opened?.body.destroyed).toBe(true);
  });
}
