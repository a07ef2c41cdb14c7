import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Chunks } from '@atoll/storage';
import { FsStore } from './fs-store.js';
import { temporaryRoots } from './testing/temporary-root.js';
import { systemError, watchedFiles, type SystemCall } from './testing/watched-files.js';

const makeRoot = temporaryRoots();
const body = Buffer.alloc(300_000, 'x');

/** A store whose system calls fail as soon as `fail` is set. */
async function openFailing(folder?: string) {
  const root = folder ?? (await makeRoot());
  const fault: { fail?: (call: SystemCall) => string | undefined } = {};
  const files = watchedFiles((call) => {
    const code = fault.fail?.(call);
    if (code !== undefined) throw systemError(code);
  });
  return { root, fault, store: await FsStore.open({ root, files }) };
}

async function* chunks(bytes = body): Chunks {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

describe('a disk that fails', () => {
  test.each([
    { name: 'handle.writeFile', code: 'ENOSPC', kind: 'full', what: 'a full disk' },
    { name: 'handle.write', code: 'ENOSPC', kind: 'full', what: 'no room in the log' },
    { name: 'handle.datasync', code: 'ENOSPC', kind: 'full', what: 'a disk found full by the flush' },
    { name: 'handle.writeFile', code: 'EDQUOT', kind: 'full', what: 'a used-up quota' },
    { name: 'open', code: 'ENOSPC', kind: 'full', what: 'no room for a name' },
    { name: 'mkdir', code: 'ENOSPC', kind: 'full', what: 'no room for a folder' },
    { name: 'rename', code: 'ENOSPC', kind: 'full', what: 'no room in the folder' },
    { name: 'open', code: 'EROFS', kind: 'read-only', what: 'a disk mounted read-only' },
    { name: 'open', code: 'EACCES', kind: 'read-only', what: 'a folder of another user' },
    { name: 'open', code: 'EMFILE', kind: 'unavailable', what: 'too many open files' },
    { name: 'handle.datasync', code: 'EIO', kind: 'unavailable', what: 'a flush that fails' },
  ])('$what fails a put as $kind and keeps what was there', async ({ name, code, kind }) => {
    const { root, fault, store } = await openFailing();
    await store.put('x/old', Buffer.from('old'), { blind: true });
    fault.fail = (call) => (call.name === name && !call.path.endsWith('objects/x') ? code : undefined);
    const folder = name === 'mkdir' ? 'new/' : '';
    const failing = store.put(`x/${folder}old`, body, { blind: true });
    await expect(failing).rejects.toMatchObject({ kind, message: expect.stringContaining(root) });
    delete fault.fail;
    expect((await store.get('x/old'))?.body.toString()).toBe('old');
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
    await expect(store.put(`x/${folder}later`, body, { ifAbsent: true })).resolves.not.toBe('conflict');
    await store.close();
  });

  test('no more open files than allowed fails a read as unavailable, not as absent', async () => {
    const first = await openFailing();
    await first.store.put('x/b', body, { blind: true });
    await first.store.close();
    const { fault, store } = await openFailing(first.root);
    fault.fail = ({ name }) => (['open', 'opendir', 'stat'].includes(name) ? 'EMFILE' : undefined);
    await expect(store.get('x/a')).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(store.head('x/a')).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(store.list('x/', { limit: 1 })).rejects.toMatchObject({ kind: 'unavailable' });
    await store.close();
  });

  test('a disk that fills up while a data object is streamed leaves nothing of it', async () => {
    const { root, fault, store } = await openFailing();
    let writes = 0;
    fault.fail = ({ name }) => (name === 'handle.write' && ++writes > 2 ? 'ENOSPC' : undefined);
    const streaming = store.putData('d/a', chunks(Buffer.alloc(5_000_000)));
    await expect(streaming).rejects.toMatchObject({ kind: 'full' });
    expect(await store.head('d/a')).toBeUndefined();
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
    await store.close();
  });

  test('an upload in parts goes on where it was once there is room again', async () => {
    const { fault, store } = await openFailing();
    const upload = await store.beginData('d/a');
    const first = await store.writePart('d/a', upload, { number: 1, offsetBytes: 0 }, chunks());
    fault.fail = ({ name }) => (name === 'handle.datasync' ? 'ENOSPC' : undefined);
    const second = { number: 2, offsetBytes: first.sizeBytes };
    await expect(store.writePart('d/a', upload, second, chunks(Buffer.alloc(70_000)))).rejects.toMatchObject({
      kind: 'full',
    });
    delete fault.fail;
    const receipts = [first, await store.writePart('d/a', upload, second, chunks(Buffer.from('end')))];
    await expect(store.completeData('d/a', upload, receipts)).resolves.toEqual({ sizeBytes: 300_003 });
    expect((await store.get('d/a'))?.body.equals(Buffer.concat([body, Buffer.from('end')]))).toBe(true);
    await store.close();
  });

  test('an error of the stream that is stored stays what it is, even one of the system’s', async () => {
    const { store } = await openFailing();
    const reset = systemError('ECONNRESET');
    const broken = async function* () {
      yield body;
      throw reset;
    };
    await expect(store.putData('d/a', broken())).rejects.toBe(reset);
    await store.close();
  });

  test.each(['EROFS', 'EACCES'])(
    'a folder that cannot be written (%s) does not open, and the message names it',
    async (code) => {
      const root = join(await makeRoot(), 'data');
      const files = watchedFiles(({ name }) => {
        if (name === 'mkdir' || name === 'open') throw systemError(code);
      });
      await expect(FsStore.open({ root, files })).rejects.toMatchObject({
        kind: 'read-only',
        message: expect.stringContaining(root),
      });
      await expect(stat(root)).rejects.toMatchObject({ code: 'ENOENT' });
    },
  );

  test('a file system that rounds the times of files does not open', async () => {
    const root = await makeRoot();
    const files = watchedFiles(({ name }) =>
      name === 'handle.stat' ? { mtimeNs: 1_000_000_000n, ino: 1n, size: 0n } : undefined,
    );
    await expect(FsStore.open({ root, files })).rejects.toMatchObject({ kind: 'unsupported' });
    await (await FsStore.open({ root })).close();
  });
});
