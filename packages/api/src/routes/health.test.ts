import { faulty, MemoryStore, interceptStore, keys, type Fault } from '@atoll/storage';
import { expect, test } from '@jest/globals';
import { Harness } from '../testing/harness.js';

test('a process that serves is alive and ready', async () => {
  const api = await Harness.start();
  expect((await api.ask('GET', '/healthz')).body.toString()).toBe('{"status":"ok"}');
  const ready = await api.ask('GET', '/readyz');
  expect(ready.status).toBe(200);
  expect(JSON.parse(ready.body.toString())).toMatchObject({
    status: 'ready',
    region: 'eu',
    draining: false,
    storage: { answers: true },
  });
  expect((await api.ask('HEAD', '/readyz')).status).toBe(200);
  await api.stop();
});

test('a store that fails makes it not ready, without its words', async () => {
  const plan: Fault[] = [];
  const api = await Harness.start({ store: faulty(new MemoryStore(), plan) });
  plan.push({ op: 'head', when: 'before' });
  const ready = await api.ask('GET', '/readyz');
  expect(ready.status).toBe(503);
  expect(JSON.parse(ready.body.toString())).toMatchObject({ status: 'not ready', storage: { answers: false } });
  expect(ready.body.toString()).not.toContain(keys.region);
  expect((await api.ask('GET', '/healthz')).status).toBe(200);
  await api.stop();
});

test('a store that never answers makes it not ready, in time', async () => {
  const store = interceptStore(new MemoryStore(), (op, _key, call) =>
    op === 'head' ? new Promise(() => undefined) : call(),
  );
  const api = await Harness.start({ store, limits: { readyTimeoutMs: 20 } });
  const ready = await api.ask('GET', '/readyz');
  expect(ready.status).toBe(503);
  expect(ready.body.toString()).toContain('does not answer in time');
  await api.stop();
});
