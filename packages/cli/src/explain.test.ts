import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { StorageError } from '@atoll/storage';
import { explain } from './explain.js';
import { UsageError } from './usage-error.js';

async function faultOf(task: () => Promise<unknown>): Promise<unknown> {
  return task().then(
    () => undefined,
    (cause: unknown) => cause,
  );
}

async function listen(port: number, host: string) {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  return server;
}

test('a port in use is named', async () => {
  const server = await listen(0, '127.0.0.1');
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  expect(explain(await faultOf(() => listen(port, '127.0.0.1')))).toBe(
    `port ${port} of 127.0.0.1 is in use by another program: stop it, or choose another port`,
  );
  server.close();
});

test('an address of another machine is told', async () => {
  expect(explain(await faultOf(() => listen(0, '203.0.113.1')))).toMatch(/^cannot listen on 203\.0\.113\.1, /);
});

test('a file in the place of the data folder is told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'atoll-explain-'));
  const file = join(folder, 'data');
  await writeFile(file, '');
  const cause = await faultOf(() => mkdir(join(file, 'eu'), { recursive: true }));
  expect(explain(cause)).toMatch(/data.*: something that is not a folder is in the way$/);
  await rm(folder, { recursive: true });
});

test('what a person can mend has its own words, and what is a fault of ours has none', () => {
  expect(explain(new UsageError('say which'))).toBe('say which');
  expect(explain(new StorageError('locked', '/data is in use'))).toBe('/data is in use');
  expect(explain(new StorageError('unavailable', 'no answer', { key: 'b/x' }))).toBe('no answer');
  expect(explain(new StorageError('corrupt', 'other bytes'))).toBe('other bytes');
  expect(explain(new StorageError('invalid-key', 'x'))).toBeUndefined();
  expect(explain(new TypeError('x is undefined'))).toBeUndefined();
});
