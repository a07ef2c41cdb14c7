import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { errorCode } from './file-system.js';
import { ShowThread } from './show-thread.js';
import { stampOf } from './stamps.js';

const STAMP = 1_700_000_000_123_457;

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
    await thread.put(path, Buffer.from('a longer one'), STAMP);
    const facts = await thread.put(path, Buffer.from('short'), STAMP + 1);
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
    await Promise.all(puts.map(({ path, body }, at) => thread.put(path, body, STAMP + at)));
    for (const { path, body } of puts.slice(-50)) expect((await stat(path)).size).toBe(body.length);
  });

  test('removes a file, and does not mind one that is not there', async () => {
    const path = join(root, 'a');
    await thread.put(path, Buffer.from('x'), STAMP);
    await Promise.all([thread.delete(path), thread.delete(path), thread.delete(join(path, 'below'))]);
    expect(await readdir(root)).toEqual(['tmp']);
  });

  test('a change that fails tells what the system said, leaves no draft, and does not hold up the others', async () => {
    await writeFile(join(root, 'file'), '');
    const failing = thread.put(join(root, 'file', 'below'), Buffer.from('x'), STAMP);
    const other = thread.put(join(root, 'b'), Buffer.from('y'), STAMP);
    expect(errorCode(await failing.catch((cause: unknown) => cause))).toBe('ENOTDIR');
    await other;
    expect(await readFile(join(root, 'b'), 'utf8')).toBe('y');
    expect(await readdir(drafts)).toEqual([]);
  });

  test('changes whose thread ends fail, and the next ones have a new thread', async () => {
    const lost = thread.put(join(root, 'a'), Buffer.alloc(1000), STAMP).catch((cause: unknown) => cause);
    await new Promise((resolve) => setImmediate(resolve));
    await thread.close();
    expect(await lost).toMatchObject({ kind: 'unavailable' });
    await thread.put(join(root, 'b'), Buffer.from('y'), STAMP);
    expect(await readFile(join(root, 'b'), 'utf8')).toBe('y');
  });

  test('keeps the process alive while it has something to show, and no longer', async () => {
    const ports = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length;
    const before = ports();
    const shown = thread.put(join(root, 'a'), Buffer.from('x'), STAMP);
    await new Promise((resolve) => setImmediate(resolve));
    expect(ports()).toBe(before + 1);
    await shown;
    expect(ports()).toBe(before);
  });
});
