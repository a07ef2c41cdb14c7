import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { examineCopy, examinePeer, examineStore, inTime, type Finding } from './examine-store.js';
import { faulty, type Fault } from './faulty.js';
import { interceptStore } from './intercept-store.js';
import { countCalls } from './count-calls.js';
import { MemoryStore } from './memory-store.js';
import { StorageError } from './storage-error.js';

async function all(findings: AsyncIterable<Finding>): Promise<Finding[]> {
  const found: Finding[] = [];
  for await (const finding of findings) found.push(finding);
  return found;
}

const brief = (findings: readonly Finding[]) => findings.map(({ tried, outcome }) => `${tried}: ${outcome}`);

describe('examineStore', () => {
  test('tells of everything that was tried, and leaves nothing behind', async () => {
    const store = new MemoryStore();
    expect(brief(await all(examineStore(store)))).toEqual([
      'read: passed',
      'list: passed',
      'create once: passed',
      'replace once: passed',
      'read own writes: passed',
      'list in order: passed',
      'delete one version only: passed',
      'upload in parts: passed',
      'give an upload up: passed',
      'signed URLs: missing',
      'delete: passed',
    ]);
    expect((await store.list('', { limit: 1 })).entries).toEqual([]);
  });

  test('what a store need not do is missing, and no failure', async () => {
    const findings = await all(examineStore(new MemoryStore({ conditionalDelete: false })));
    expect(brief(findings)).toContain('delete one version only: missing');
    expect(brief(findings).filter((line) => line.endsWith('failed'))).toEqual([]);
  });

  test.each<[string, Fault['op'], string]>([
    ['reading', 'get', 'read: failed'],
    ['listing', 'list', 'list: failed'],
    ['writing', 'put', 'create once: failed'],
    ['deleting', 'delete', 'read own writes: failed'],
    ['uploads in parts', 'beginData', 'upload in parts: failed'],
    ['giving up uploads', 'abortData', 'give an upload up: failed'],
  ])('a missing right to %s is found, and the rest is tried all the same', async (_what, op, line) => {
    const error = () => new StorageError('denied', 'the credentials may not do that');
    const store = faulty(new MemoryStore(), [{ ...(op !== undefined && { op }), when: 'before', error }]);
    const findings = await all(examineStore(store));
    expect(brief(findings)).toContain(line);
    expect(findings).toHaveLength(11);
    expect(findings.find(({ outcome }) => outcome === 'failed')?.meaning).toBe('the credentials may not do that');
  });

  test('who has no right at all is told so by reading and listing alone', async () => {
    const error = () => new StorageError('denied', 'unknown credentials');
    const findings = await all(examineStore(faulty(new MemoryStore(), [{ when: 'before', error }])));
    expect(brief(findings)).toEqual(['read: failed', 'list: failed']);
  });

  test('a promise that is broken says what it leads to', async () => {
    const memory = new MemoryStore();
    const blind = { ...interceptStore(memory, (_op, _key, call) => call()) };
    blind.put = (key, body, _condition, o) => memory.put(key, body, { blind: true }, o);
    const findings = await all(examineStore(blind));
    expect(findings.find(({ tried }) => tried === 'create once')).toMatchObject({
      outcome: 'failed',
      meaning: expect.stringContaining('two writers would both believe'),
    });
  });

  test('a store that never answers is told of once, in time', async () => {
    const mute = interceptStore(new MemoryStore(), () => new Promise<never>(() => undefined));
    const findings = await all(examineStore(mute, { limitMs: 20 }));
    expect(findings).toMatchObject([
      { tried: 'read', outcome: 'failed', meaning: 'memory:///store does not answer within 0.02 s' },
    ]);
  });
});

test("another region's bucket is only read", async () => {
  const counter = countCalls(new MemoryStore());
  expect(brief(await all(examinePeer(counter.store)))).toEqual(['read: passed', 'list: passed']);
  expect(counter.calls()).toEqual({ get: 1, list: 1 });
});

describe('examineCopy', () => {
  async function peer(): Promise<MemoryStore> {
    const store = new MemoryStore({ name: 'peer' });
    await store.putData('d/blob', Readable.from([Buffer.from('bytes')]));
    return store;
  }

  test('tells whether blobs come from a peer without passing through here, and leaves nothing behind', async () => {
    const store = new MemoryStore();
    expect(await examineCopy(store, await peer())).toMatchObject({ tried: 'copy', outcome: 'passed' });
    const stranger = { ...interceptStore(await peer(), (_op, _key, call) => call()), wraps: undefined };
    expect(await examineCopy(store, stranger)).toMatchObject({ tried: 'copy', outcome: 'missing' });
    expect((await store.list('', { limit: 1 })).entries).toEqual([]);
  });

  test('an empty peer has nothing to try it with', async () => {
    expect(await examineCopy(new MemoryStore(), new MemoryStore())).toBeUndefined();
  });
});

describe('inTime', () => {
  test('passes on what the task answers or throws, and the reason of who asked', async () => {
    expect(await inTime(async () => 7, 'x', { limitMs: 1000 })).toBe(7);
    const fault = new Error('its own');
    await expect(inTime(() => Promise.reject(fault), 'x', { limitMs: 1000 })).rejects.toBe(fault);
    const signal = AbortSignal.abort(fault);
    await expect(inTime(() => sleep(10_000), 'x', { limitMs: 1000, signal })).rejects.toBe(fault);
  });

  test('a driver that wraps the end of its time does not hide it', async () => {
    const wrapping = (signal: AbortSignal) =>
      sleep(10_000, undefined, { signal }).catch(() => Promise.reject(new Error('wrapped')));
    await expect(inTime(wrapping, 'x', { limitMs: 5 })).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
