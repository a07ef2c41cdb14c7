import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FaultyServer, type Answer, type Asked } from './faulty-server.js';

let served: string[];
let server: FaultyServer<'Any'>;
beforeEach(async () => {
  served = [];
  server = await FaultyServer.start({ nameOf: () => 'Any', serve: count, refuse: count, now: () => Date.now() });
});
afterEach(() => server.stop());

function count(asked: Asked | number): Answer {
  if (typeof asked !== 'number') served.push(asked.body.toString());
  return { status: 200, headers: {}, body: Buffer.from(`answer ${served.length}`) };
}

async function ask(body: string | Buffer): Promise<string> {
  const answer = await fetch(server.endpoint, { method: 'PUT', body: Buffer.from(body) });
  return answer.text();
}

test.each(['first', 'second'] as const)(
  'a request that comes twice is served twice, and the %s answer is told',
  async (answer) => {
    server.faults.add('Any', { kind: 'twice', answer });
    expect(await ask('a')).toBe(answer === 'first' ? 'answer 1' : 'answer 2');
    expect(served).toEqual(['a', 'a']);
  },
);

test('a late request has no answer and is served after those that came later', async () => {
  server.faults.add('Any', { kind: 'late', milliseconds: 300 });
  await expect(ask('a')).rejects.toThrow();
  await ask('b');
  expect(served).toEqual(['b']);
  while (served.length < 2) await sleep(10);
  expect(served).toEqual(['b', 'a']);
});

test.each(['', 'a', 'a'.repeat(4_000_000)])('a request that is broken off is not served', async (body) => {
  server.faults.add('Any', { kind: 'break-off' });
  await expect(ask(body)).rejects.toThrow();
  expect(served).toEqual([]);
  expect(server.takeCounts()).toEqual({ Any: 1 });
});

test('a request that hangs for a while is not served', async () => {
  server.faults.add('Any', { kind: 'hang', milliseconds: 20 });
  await expect(ask('a')).rejects.toThrow();
  expect(served).toEqual([]);
});

test('an answer that halts comes whole', async () => {
  server.faults.add('Any', { kind: 'halting', milliseconds: 20 });
  expect(await ask('a')).toBe('answer 1');
});
