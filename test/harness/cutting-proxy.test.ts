import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CuttingProxy, type Cut } from './cutting-proxy.js';
import { Wire } from './wire.js';

const BODY = Buffer.alloc(2_000_000, 'x');
let server: Server;
let proxy: CuttingProxy | undefined;

beforeEach(async () => {
  server = createServer((req, res) => void req.resume().on('end', () => res.end(BODY))).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  await proxy?.stop();
  server.closeAllConnections();
  await once(server.close(), 'close');
});

test('an answer is cut as often as asked for, and passes whole after that', async () => {
  const wire = await through({ direction: 'to client', afterBytes: 1_000_000, times: 2 });
  await expect(wire.send('GET', '/')).rejects.toThrow();
  await expect(wire.send('GET', '/')).rejects.toThrow();
  expect(BODY.equals((await wire.send('GET', '/')).body)).toBe(true);
  expect(proxy?.cuts).toBe(2);
});

test('a request is cut by what it has sent, whatever the answer would be', async () => {
  const wire = await through({ direction: 'to registry', afterBytes: 1_000_000, times: 1 });
  await expect(wire.send('PUT', '/', { body: BODY })).rejects.toThrow();
  expect((await wire.send('PUT', '/', { body: BODY })).status).toBe(200);
});

test('a transfer that stays below the limit is not cut', async () => {
  const wire = await through({ direction: 'to client', afterBytes: 3_000_000, times: 1 });
  expect(BODY.equals((await wire.send('GET', '/')).body)).toBe(true);
  expect(proxy?.cuts).toBe(0);
});

test('what clients send is counted, over all their connections', async () => {
  const wire = await through({ direction: 'to client', afterBytes: 0, times: 0 });
  await Promise.all([wire.send('PUT', '/', { body: BODY }), wire.send('PUT', '/', { body: BODY })]);
  expect(proxy?.bytesToRegistry).toBeGreaterThan(2 * BODY.length);
  expect(proxy?.bytesToRegistry).toBeLessThan(2 * BODY.length + 1_000);
});

async function through(cut: Cut): Promise<Wire> {
  proxy = await CuttingProxy.start(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), cut);
  return new Wire(`http://${proxy.host}`);
}
