import { createHook } from 'node:async_hooks';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { claimRegion, Registry } from '@atoll/registry';
import { MemoryStore } from '@atoll/storage';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { logServed } from './access-log.js';
import { createApp } from './app.js';
import { Harness } from './testing/harness.js';
import { TestLog } from './testing/test-log.js';

interface Cost {
  readonly status: number;
  readonly promises: number;
  readonly timers: number;
  readonly immediates: number;
  readonly listeners: number;
}

/** What a request leaves behind on its way through the application, without a connection and without a client. */
async function costOf(app: ReturnType<typeof createApp>, url: string): Promise<Cost> {
  const socket = new Socket();
  const req = Object.assign(new IncomingMessage(socket), { method: 'GET', url, httpVersion: '1.1' });
  req.headers = { host: 'registry' };
  req.push(null);
  const res = new ServerResponse(req);
  const inits = new Map<string, number>();
  const hook = createHook({ init: (_id, type) => void inits.set(type, (inits.get(type) ?? 0) + 1) });
  const ended = new Promise<void>((resolve) => {
    Object.assign(res, { end: () => resolve() });
  });
  const before = res.listenerCount('close') + res.listenerCount('error') + res.listenerCount('finish');
  hook.enable();
  app(req, res);
  // What is answered at once has cost all it will.
  if (res.headersSent) hook.disable();
  await ended;
  hook.disable();
  const after = res.listenerCount('close') + res.listenerCount('error') + res.listenerCount('finish');
  const count = (type: string) => inits.get(type) ?? 0;
  return {
    status: res.statusCode,
    promises: count('PROMISE'),
    timers: count('Timeout'),
    immediates: count('Immediate'),
    listeners: after - before,
  };
}

describe('what runs for each request', () => {
  const store = new MemoryStore();
  let api: Harness;
  let app: ReturnType<typeof createApp>;

  beforeAll(async () => {
    api = await Harness.start({ store });
    await api.pushImage('a', 'v1');
    await api.pushBlob('a', 'content');
    app = createApp({
      registry: new Registry({ store, identity: await claimRegion(store, 'eu') }),
      log: new TestLog(),
    });
  });
  afterAll(() => api.stop());

  test('is one middleware, and one for the faults of Express', () => {
    expect(app.router.stack.map(({ handle }) => handle.length)).toEqual([2, 4]);
  });

  test.each([
    ['the ping', '/v2/'],
    ['a manifest by tag, which is at hand', '/v2/a/manifests/v1'],
  ])('%s takes no promise, no timer, two listeners, and one turn of the event loop', async (_what, url) => {
    await costOf(app, url);
    expect(await costOf(app, url)).toEqual({
      status: 200,
      promises: 0,
      timers: 0,
      immediates: 1,
      listeners: 2,
    });
  });

  test('is no line in the log for a read that went well, where debug is off', () => {
    const log = new TestLog('info');
    const read = { method: 'GET', match: undefined, code: undefined, durationMs: 1, receivedBytes: 0, sentBytes: 7 };
    logServed(log, { ...read, status: 200, aborted: false });
    expect(log.lines).toEqual([]);
    logServed(log, { ...read, status: 404, aborted: false });
    logServed(log, { ...read, status: 200, aborted: true });
    expect(log.lines.map(({ facts }) => facts.status)).toEqual([404, 200]);
  });
});
