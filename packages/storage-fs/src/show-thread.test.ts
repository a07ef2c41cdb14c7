import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { errorCode } from './file-system.js';
import { ShowThread } from './show-thread.js';
import { stampOf } from './stamps.js';

const STAMP = 1_700_000_000_123_457;

const put = (path: string, body: Buffer, microseconds = STAMP) => ({ path, body, microseconds });

describe('ShowThread', () => {
  let root = '';
  let drafts = '';
  let thread: ShowThread;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'atoll-show-'));
    drafts = join(root, 'tmp');
    await mkdir(drafts);
    thread = new ShowThread(drafts);
  });
  afterEach(async () => {
    await thread.close();
    await rm(root, { recursive: true });
  });

  test('shows a file with its bytes and its time, and replaces it whole', async () => {
    const path = join(root, 'a');
    await thread.put(put(path, Buffer.from('a longer one')));
    const facts = await thread.put(put(path, Buffer.from('short'), STAMP + 1));
    expect(await readFile(path, 'utf8')).toBe('short');
    const { mtimeNs, ino, size } = await stat(path, { bigint: true });
    expect(facts).toEqual({ mtimeNs, ino, size });
    expect(stampOf(facts.mtimeNs)).toBe(STAMP + 1);
    expect(await readdir(drafts)).toEqual([]);
  });

  test('shows changes in the order they were asked for, each with its own bytes', async () => {
    const puts = Array.from({ length: 300 }, (_, at) => ({
      path: join(root, `f${at % 50}`),
      body: Buffer.alloc(at, 'x'),
    }));
    await Promise.all(puts.map(({ path, body }, at) => thread.put(put(path, body, STAMP + at))));
    for (const { path, body } of puts.slice(-50)) expect((await stat(path)).size).toBe(body.length);
  });

  test('removes a file, and does not mind one that is not there', async () => {
    const path = join(root, 'a');
    await thread.put(put(path, Buffer.from('x')));
    await Promise.all([thread.delete(path), thread.delete(path), thread.delete(join(path, 'below'))]);
    expect(await readdir(root)).toEqual(['tmp']);
  });

  test('a change that fails tells what the system said, leaves no draft, and does not hold up the others', async () => {
    await writeFile(join(root, 'file'), '');
    const failing = thread.put(put(join(root, 'file', 'below'), Buffer.from('x')));
    const other = thread.put(put(join(root, 'b'), Buffer.from('y')));
    expect(errorCode(await failing.catch((cause: unknown) => cause))).toBe('ENOTDIR');
    await other;
    expect(await readFile(join(root, 'b'), 'utf8')).toBe('y');
    expect(await readdir(drafts)).toEqual([]);
  });

  test('of puts in order none is shown after one that failed, and each one before it', async () => {
    await writeFile(join(root, 'file'), '');
    const places = ['a', 'b', join('file', 'below'), 'c', 'd'];
    const puts = places.map((place) => put(join(root, place), Buffer.from(place)));
    const [after, shown] = [put(join(root, 'after'), Buffer.from('x')), thread.putInOrder(puts)];
    const other = thread.put(after);
    expect((await Promise.allSettled(shown)).map(({ status }) => status === 'fulfilled')).toEqual([
      ...[true, true],
      ...[false, false, false],
    ]);
    await other;
    expect((await readdir(root)).sort()).toEqual(['a', 'after', 'b', 'file', 'tmp']);
  });

  test('changes whose thread ends fail, and the next ones have a new thread', async () => {
    const lost = thread.put(put(join(root, 'a'), Buffer.alloc(1000))).catch((cause: unknown) => cause);
    await new Promise((resolve) => setImmediate(resolve));
    await thread.close();
    expect(await lost).toMatchObject({ kind: 'unavailable' });
    await thread.put(put(join(root, 'b'), Buffer.from('y')));
    expect(await readFile(join(root, 'b'), 'utf8')).toBe('y');
  });

  test('keeps the process alive while it has something to show, and no longer', async () => {
    const ports = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length;
    const before = ports();
    const shown = thread.put(put(join(root, 'a'), Buffer.from('x')));
    await new Promise((resolve) => setImmediate(resolve));
    expect(ports()).toBe(before + 1);
    await shown;
    expect(ports()).toBe(before);
  });
});
