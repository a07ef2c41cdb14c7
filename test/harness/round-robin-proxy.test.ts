import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { rawExchange } from './raw-exchange.js';
import { RoundRobinProxy } from './round-robin-proxy.js';
import { freePorts } from './service.js';
import { Wire } from './wire.js';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Answers its name and the length of what it was sent. */
async function server(name: string): Promise<number> {
  const echo: Server = createServer((req, res) => {
    let bytes = 0;
    req.on('data', (chunk: Buffer) => (bytes += chunk.length));
    req.on('end', () => res.end(`${name} ${bytes} ${String(req.headers['x-word'] ?? '')}`));
  }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  closing.push(async () => {
    echo.closeAllConnections();
    await once(echo.close(), 'close');
  });
  return (echo.address() as AddressInfo).port;
}

async function proxyOf(...ports: number[]): Promise<RoundRobinProxy> {
  const proxy = await RoundRobinProxy.start(() => ports);
  closing.push(() => proxy.stop());
  return proxy;
}

test('every request goes to the next process, also from a client that keeps its connection', async () => {
  const proxy = await proxyOf(await server('a'), await server('b'), await server('c'));
  const wire = new Wire(proxy.url, 1);
  const answers: string[] = [];
  for (let n = 0; n < 6; n++) {
    const body = Buffer.alloc(n * 400_000);
    answers.push((await wire.send('PUT', '/', { headers: { 'X-Word': 'w' }, body })).body.toString());
  }
  expect(answers).toEqual(['a 0 w', 'b 400000 w', 'c 800000 w', 'a 1200000 w', 'b 1600000 w', 'c 2000000 w']);
  expect([...proxy.requests.values()]).toEqual([2, 2, 2]);
  wire.close();
});

test('a body that the process asks for first passes', async () => {
  const wire = new Wire((await proxyOf(await server('a'))).url);
  const begun = wire.begin('PUT', '/', { Expect: '100-continue', 'Content-Length': 5 });
  await begun.asked();
  expect((await begun.finish(Buffer.from('hello'))).body.toString()).toBe('a 5 ');
  wire.close();
});

test('a process that does not listen is passed over, and nobody at all is a 502', async () => {
  const [gone = 0] = await freePorts(1);
  const wire = new Wire((await proxyOf(gone, await server('b'))).url);
  expect((await wire.send('GET', '/')).body.toString()).toBe('b 0 ');
  expect((await wire.send('GET', '/')).body.toString()).toBe('b 0 ');
  wire.close();
  const alone = new Wire((await proxyOf(gone)).url);
  expect((await alone.send('GET', '/')).status).toBe(502);
  alone.close();
});

test.each([
  ['a line that is no request', Buffer.from('NONSENSE\r\n\r\n')],
  ['TLS', Buffer.from('16030100c8010000c40303', 'hex')],
])('%s reaches the process', async (_what, bytes) => {
  const { url } = await proxyOf(await server('a'));
  expect((await rawExchange(url, bytes)).status).toBe(400);
});
