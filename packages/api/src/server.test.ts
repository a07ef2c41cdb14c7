import { once } from 'node:events';
import { digestOf } from '@atoll/core';
import { interceptStore, MemoryStore, type CallOptions, type ObjectStore } from '@atoll/storage';
import { afterEach, describe, expect, test } from '@jest/globals';
import { errorRows, Harness, sendChunked, verdict, type HarnessOptions } from './testing/harness.js';
import type { Wire } from './testing/wire.js';

let api: Harness;
const wires: Wire[] = [];
afterEach(async () => {
  for (const wire of wires.splice(0)) wire.close();
  await api.stop();
});

async function start(options: HarnessOptions = {}): Promise<void> {
  api = await Harness.start(options);
}

async function open(): Promise<Wire> {
  const wire = await api.wire();
  wires.push(wire);
  return wire;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await pause(2);
}

describe('a client that is too slow', () => {
  test('a body that stops coming is 408, and what came of an upload is kept', async () => {
    await start({ limits: { bodyIdleMs: 60 } });
    const url = await api.startUpload('a');
    const wire = await open();
    wire.head(`PATCH ${url} HTTP/1.1`, 'Host: r', 'Transfer-Encoding: chunked');
    sendChunked(wire, Buffer.from('hello'), false);
    const reply = await wire.reply();
    expect([verdict(reply), reply.headers.connection]).toEqual(['408 UNAVAILABLE', 'close']);
    expect(await wire.rest()).toBe('');
    expect((await api.ask('GET', url)).headers.range).toBe('0-4');
  });

  test('a body that trickles is 408', async () => {
    await start({ limits: { bodyIdleMs: 1000, bodyWindowMs: 80, minBodyBytesPerSecond: 10_000 } });
    const wire = await open();
    wire.head('PUT /v2/a/manifests/v1 HTTP/1.1', 'Host: r', 'Content-Length: 1000');
    const drip = setInterval(() => wire.send('x'), 10);
    const reply = await wire.reply();
    clearInterval(drip);
    expect(verdict(reply)).toBe('408 UNAVAILABLE');
    expect((await api.ask('HEAD', '/v2/a/manifests/v1')).status).toBe(404);
  });

  test('a body that is slow and fast enough comes through', async () => {
    await start({ limits: { bodyIdleMs: 500, bodyWindowMs: 50, minBodyBytesPerSecond: 100 } });
    const url = await api.startUpload('a');
    const wire = await open();
    wire.head(`PATCH ${url} HTTP/1.1`, 'Host: r', 'Content-Length: 200');
    for (let sent = 0; sent < 20; sent++) {
      wire.send('0123456789');
      await pause(10);
    }
    expect((await wire.reply()).headers.range).toBe('0-199');
  });

  test('the time that the store takes is not taken for the client being slow', async () => {
    const store = interceptStore(new MemoryStore(), async (op, _key, call) => {
      if (op === 'get') await pause(150);
      return call();
    });
    await start({ store, limits: { bodyIdleMs: 60, bodyWindowMs: 60, minBodyBytesPerSecond: 1_000_000 } });
    const url = await api.startUpload('a');
    expect((await api.ask('PATCH', url, { body: 'hello' })).status).toBe(202);
  });

  test('a head that does not end is 408, and a connection without one closes', async () => {
    await start({ limits: { headersTimeoutMs: 50 } });
    const [half, none] = [await open(), await open()];
    half.send('GET /v2/ HTTP/1.1\r\nHost: r\r\nX-Slow: ');
    expect(verdict(await half.reply())).toBe('408 UNAVAILABLE');
    expect(await none.rest()).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  test('a connection that asks for nothing more closes', async () => {
    await start({ limits: { keepAliveTimeoutMs: 50 } });
    const wire = await open();
    wire.head('GET /v2/ HTTP/1.1', 'Host: r');
    expect((await wire.reply()).headers['keep-alive']).toBe('timeout=0');
    expect(await wire.rest()).toBe('');
  });

  test('an answer that nobody reads is cut off', async () => {
    await start({ limits: { responseIdleMs: 100 } });
    const digest = await api.pushBlob('a', Buffer.alloc(24 * 2 ** 20));
    const wire = await open();
    wire.socket.pause();
    wire.head(`GET /v2/a/blobs/${digest} HTTP/1.1`, 'Host: r');
    await until(() => api.log.of('request served').some(({ facts }) => facts.aborted === true));
    expect(api.log.of('request failed')).toEqual([]);
  });
});

describe('Expect: 100-continue', () => {
  test('is answered when the body is wanted, and not before', async () => {
    await start();
    const url = await api.startUpload('a');
    const wire = await open();
    wire.head(`PATCH ${url} HTTP/1.1`, 'Host: r', 'Content-Length: 5', 'Expect: 100-continue');
    expect((await wire.reply()).status).toBe(100);
    wire.send('hello');
    expect((await wire.reply()).headers.range).toBe('0-4');
  });

  test.each([
    ['PUT', '/v2/a/manifests/.x', '400 TAG_INVALID'],
    ['PUT', '/v2/A/manifests/x', '400 NAME_INVALID'],
    ['PATCH', '/v2/a/blobs/uploads/x', '404 BLOB_UPLOAD_UNKNOWN'],
    ['PATCH', '/v2/a/tags/list', '405 UNSUPPORTED'],
  ])('%s %s is refused first', async (method, path, expected) => {
    await start();
    const wire = await open();
    wire.head(`${method} ${path} HTTP/1.1`, 'Host: r', `Content-Length: ${2 ** 30}`, 'Expect: 100-continue');
    const reply = await wire.reply();
    expect([verdict(reply), reply.headers.connection]).toEqual([expected, 'close']);
    expect(await wire.rest()).toBe('');
  });

  test('a chunk that does not follow on is refused first', async () => {
    await start();
    const url = await api.startUpload('a');
    const wire = await open();
    wire.head(`PATCH ${url} HTTP/1.1`, 'Host: r', 'Content-Range: 5-9', 'Content-Length: 5', 'Expect: 100-continue');
    expect((await wire.reply()).status).toBe(416);
  });
});

describe('a body that is refused', () => {
  test('if short, is read and dropped, and the connection goes on', async () => {
    await start();
    const wire = await open();
    wire.head('PATCH /v2/a/blobs/uploads/x HTTP/1.1', 'Host: r', 'Content-Length: 500000').send(Buffer.alloc(500_000));
    wire.head('GET /v2/ HTTP/1.1', 'Host: r');
    expect((await wire.reply()).status).toBe(404);
    expect((await wire.reply()).status).toBe(200);
  });

  test('also after a part of it was read', async () => {
    await start();
    const url = await api.startUpload('a');
    const wire = await open();
    const lines = ['Host: r', 'Content-Length: 500000'];
    wire.head(`PATCH ${url} HTTP/1.1`, ...lines, 'Content-Range: 0-499999').send(Buffer.alloc(500_000));
    wire.head(`PATCH ${url} HTTP/1.1`, ...lines, 'Content-Range: 0-499999').send(Buffer.alloc(500_000));
    wire.head('GET /v2/ HTTP/1.1', 'Host: r');
    const statuses = [await wire.reply(), await wire.reply(), await wire.reply()].map(({ status }) => status);
    expect(statuses).toEqual([202, 416, 200]);
  });

  test('if long, closes the connection, but not before the client could read why', async () => {
    await start();
    const wire = await open();
    wire.head('PATCH /v2/a/blobs/uploads/x HTTP/1.1', 'Host: r', `Content-Length: ${20 * 2 ** 20}`);
    for (let at = 0; at < 20; at++) wire.send(Buffer.alloc(2 ** 20));
    const reply = await wire.reply();
    expect([verdict(reply), reply.headers.connection]).toEqual(['404 BLOB_UPLOAD_UNKNOWN', 'close']);
    expect(await wire.rest()).toBe('');
  });

  test('if it never comes, is waited for a moment only', async () => {
    await start({ limits: { lingerMs: 50 } });
    for (const framing of ['Content-Length: 500000', 'Content-Length: 50000000', 'Transfer-Encoding: chunked']) {
      const wire = await open();
      wire.head('PATCH /v2/a/blobs/uploads/x HTTP/1.1', 'Host: r', framing);
      expect((await wire.reply()).status).toBe(404);
      expect(await wire.rest()).toBe('');
    }
  });

  test('a GET with a body is answered, and its body dropped', async () => {
    await start();
    const wire = await open();
    wire.head('GET /v2/ HTTP/1.1', 'Host: r', 'Content-Length: 5').send('hello');
    wire.head('GET /v2/ HTTP/1.1', 'Host: r');
    expect([(await wire.reply()).status, (await wire.reply()).status]).toEqual([200, 200]);
  });
});

describe('a connection', () => {
  test('that sends several requests at once gets the answers in order', async () => {
    await start();
    const digest = await api.pushBlob('a', 'content');
    const wire = await open();
    for (const path of ['/v2/', `/v2/a/blobs/${digest}`, '/nowhere', '/v2/a/tags/list', '/healthz']) {
      wire.head(`GET ${path} HTTP/1.1`, 'Host: r');
    }
    const replies = [];
    for (let at = 0; at < 5; at++) replies.push(await wire.reply());
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 404, 200, 200]);
    expect(replies[1]?.body.toString()).toBe('content');
  });

  test('that asks again and again, and reads nothing, is served one request at a time, and leaves nothing when it goes', async () => {
    let opened = 0;
    const store = new MemoryStore();
    const countOpened: ObjectStore['open'] = async (key, o) => {
      if (key.startsWith('d/')) opened++;
      return store.open(key, o);
    };
    await start({ store: { ...interceptStore(store, async (_op, _key, call) => call()), open: countOpened } });
    const digest = await api.pushBlob('a', Buffer.alloc(24 * 2 ** 20));
    opened = 0;
    const wire = await open();
    wire.socket.pause();
    wire.send(`GET /v2/a/blobs/${digest} HTTP/1.1\r\nHost: r\r\n\r\n`.repeat(300));
    await until(() => opened > 0);
    await pause(50);
    expect(opened).toBe(1);
    wire.close();
    await until(() => api.log.of('request served').filter(({ facts }) => facts.aborted === true).length === 300);
    expect(opened).toBe(1);
  });

  test('that ends in noise gets every answer before, in order, and is then told why it ends', async () => {
    await start();
    const wire = await open();
    wire
      .head('GET /v2/_catalog HTTP/1.1', 'Host: r')
      .head('PATCH /v2/a/tags/list HTTP/1.1', 'Host: r', 'Content-Length: 1');
    wire.send('xGET /v2/_catalog HTTP/1.1\r\nHost: r\r\n\r\nnoise\r\n\r\n');
    const replies = [await wire.reply(), await wire.reply(), await wire.reply(), await wire.reply()];
    expect(replies.map(({ status }) => status)).toEqual([200, 405, 200, 400]);
    expect(replies[3]?.headers.connection).toBe('close');
    expect(await wire.rest()).toBe('');
  });

  test('whose second request breaks off in its body is told so behind the first answer', async () => {
    const store = interceptStore(new MemoryStore(), async (op, _key, call) => {
      if (op === 'list') await pause(30);
      return call();
    });
    await start({ store });
    const url = await api.startUpload('a');
    const wire = await open();
    wire.head('GET /v2/_catalog HTTP/1.1', 'Host: r');
    wire.head(`PATCH ${url} HTTP/1.1`, 'Host: r', 'Transfer-Encoding: chunked').send('zz\r\n');
    const replies = [await wire.reply(), await wire.reply()];
    expect(replies.map(({ status }) => status)).toEqual([200, 400]);
    expect(await wire.rest()).toBe('');
  });

  test('that goes on with noise is told once', async () => {
    await start();
    const wire = await open();
    wire.send('noise\r\n');
    await pause(10);
    for (let at = 0; at < 10; at++) wire.send('noise\r\n'.repeat(1000));
    expect((await wire.reply()).status).toBe(400);
    expect(await wire.rest()).toBe('');
  });

  test.each([
    ['to change the protocol', 'GET /v2/ HTTP/1.1\r\nHost: r\r\nConnection: Upgrade\r\nUpgrade: h2c', 200],
    ['for a tunnel', 'CONNECT a:443 HTTP/1.1\r\nHost: a', 405],
  ])('that asks %s ends with the answer: what came in one piece with it is lost', async (_what, head, status) => {
    await start();
    const wire = await open();
    wire.send(`${head}\r\n\r\nGET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n`);
    const reply = await wire.reply();
    expect([reply.status, reply.headers.connection]).toEqual([status, 'close']);
    expect(await wire.rest()).toBe('');
  });

  test('that asks for a tunnel behind another request gets the answer to that one', async () => {
    await start();
    const wire = await open();
    wire.send('GET /v2/_catalog HTTP/1.1\r\nHost: r\r\n\r\nCONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n');
    expect([(await wire.reply()).status, (await wire.reply()).status]).toEqual([200, 405]);
    expect(await wire.rest()).toBe('');
  });

  test('that has closed its own direction counts as gone', async () => {
    const store = interceptStore(new MemoryStore(), async (op, _key, call) => {
      if (op === 'list') await pause(30);
      return call();
    });
    await start({ store });
    const wire = await open();
    wire.head('GET /v2/_catalog HTTP/1.1', 'Host: r');
    wire.socket.end();
    expect(await wire.rest()).toBe('');
    expect(api.log.of('request served')[0]?.facts).toMatchObject({ aborted: true, route: 'catalog' });
  });

  test('of HTTP/1.0 is answered and closed', async () => {
    await start();
    const wire = await open();
    wire.head('GET /v2/ HTTP/1.0');
    expect((await wire.reply()).body.toString()).toBe('{}');
    expect(await wire.rest()).toBe('');
  });

  test('that asks for another protocol goes on with this one', async () => {
    await start();
    const { status } = await api.ask('GET', '/v2/', { headers: { Connection: 'Upgrade', Upgrade: 'h2c' } });
    expect(status).toBe(200);
  });
});

describe('a client that goes away', () => {
  /** A store that never answers what is read of `slow` or `broken`, until it is told to stop. */
  function stuckStore(): ObjectStore {
    const store = new MemoryStore();
    return {
      ...interceptStore(store, async (_op, _key, call) => call()),
      get: (key: string, o: CallOptions = {}) =>
        /\/(slow|broken)\//.test(key) ? stuck(o.signal, key.includes('broken')) : store.get(key, o),
    };
  }

  function stuck(signal: AbortSignal | undefined, broken: boolean): Promise<never> {
    return new Promise((_resolve, reject) => {
      const fail = (): void => reject(broken ? new TypeError('a fault of ours') : (signal?.reason as Error));
      signal?.addEventListener('abort', fail);
    });
  }

  test.each([
    ['slow', 'client left', 0],
    ['broken', 'request served', 1],
  ])('ends what was read for it: %s', async (name, line, failures) => {
    await start({ store: stuckStore() });
    const wire = await open();
    wire.head(`GET /v2/${name}/blobs/${digestOf('x')} HTTP/1.1`, 'Host: r');
    await pause(20);
    wire.close();
    await until(() => api.log.of(line).length === 1);
    expect(api.log.of('request served')[0]?.facts).toMatchObject({ aborted: true, status: 0 });
    await api.stop();
    expect(api.log.of('request failed')).toHaveLength(failures);
  });
});

describe('stop()', () => {
  test('closes what is idle at once, and takes nothing new', async () => {
    await start();
    const wire = await open();
    wire.head('GET /v2/ HTTP/1.1', 'Host: r');
    await wire.reply();
    await api.stop();
    expect(await wire.rest()).toBe('');
    await expect(api.wire()).rejects.toThrow('ECONNREFUSED');
    await api.stop();
  });

  test('lets an upload that runs finish, and says that the connection ends', async () => {
    await start();
    const url = await api.startUpload('a');
    const wire = await open();
    wire.head(`PATCH ${url} HTTP/1.1`, 'Host: r', 'Content-Length: 10').send('01234');
    await pause(20);
    const stopped = api.stop();
    await pause(20);
    wire.send('56789');
    const reply = await wire.reply();
    expect([reply.status, reply.headers.range, reply.headers.connection]).toEqual([202, '0-9', 'close']);
    await stopped;
  });

  test('is told by readiness on connections that are open', async () => {
    await start();
    const url = await api.startUpload('a');
    const [busy, wire] = [await open(), await open()];
    busy.head(`PATCH ${url} HTTP/1.1`, 'Host: r', 'Content-Length: 2').send('0');
    // Half a head, so that the connection is not idle and can ask once more.
    wire.send('GET /readyz HTTP/1.1\r\nHost: r\r\n');
    await pause(20);
    const stopped = api.stop();
    wire.send('\r\n');
    const reply = await wire.reply();
    expect(reply.status).toBe(503);
    expect(JSON.parse(reply.body.toString())).toMatchObject({ status: 'not ready', draining: true });
    busy.send('1');
    await busy.reply();
    await stopped;
  });

  test('cuts what takes too long, with an answer where there can be one, and keeps what came', async () => {
    const store = new MemoryStore();
    await start({ store, limits: { drainMs: 50 } });
    const url = await api.startUpload('a');
    const digest = await api.pushBlob('a', Buffer.alloc(24 * 2 ** 20));
    const [upload, download, half] = [await open(), await open(), await open()];
    upload.head(`PATCH ${url} HTTP/1.1`, 'Host: r', 'Content-Length: 10').send('01234');
    download.socket.pause();
    download.head(`GET /v2/a/blobs/${digest} HTTP/1.1`, 'Host: r');
    half.send('GET /v2/ HT');
    await pause(20);
    await api.stop();
    const reply = await upload.reply();
    expect(verdict(reply)).toBe('503 UNAVAILABLE');
    expect(errorRows(reply)[0]?.message).toContain('stopping');
    download.socket.destroy();
    expect(await half.rest()).toBe('');
    expect(api.log.of('request failed')).toEqual([]);
    const again = await Harness.start({ store });
    expect((await again.ask('GET', url)).headers.range).toBe('0-4');
    await again.stop();
  });
});

test('a port that is taken is an error, not a crash', async () => {
  await start();
  const { registry, log } = api;
  const { startApi } = await import('./server.js');
  await expect(startApi({ registry, log, port: api.api.port })).rejects.toThrow('EADDRINUSE');
});

test('a socket that is reset in the middle of everything is no error of ours', async () => {
  await start();
  const digest = await api.pushBlob('a', Buffer.alloc(8 * 2 ** 20));
  for (let round = 0; round < 20; round++) {
    const wire = await open();
    wire.head(`GET /v2/a/blobs/${digest} HTTP/1.1`, 'Host: r');
    if (round % 2) await once(wire.socket, 'data');
    wire.socket.resetAndDestroy();
  }
  await until(() => api.log.of('request served').length >= 15);
  expect(api.log.of('request failed')).toEqual([]);
  expect((await api.ask('GET', '/v2/')).status).toBe(200);
});
