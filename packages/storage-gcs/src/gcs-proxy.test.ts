import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Stand } from './testing/stand.js';

let stand: Stand;
let proxy: Server;
let passed: string[];
beforeEach(async () => {
  stand = await Stand.start();
  passed = [];
  proxy = createServer((incoming, outgoing) => {
    passed.push(incoming.url ?? '');
    const { method, headers } = incoming;
    const onward = request(new URL(incoming.url ?? ''), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
});
afterEach(async () => {
  await stand.stop();
  proxy.closeAllConnections();
  proxy.close();
});

test('requests, those for tokens too, go through the proxy that is named, but for hosts that are left out', async () => {
  const HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const behind = stand.open({ proxies: { HTTP_PROXY } });
  await behind.put('x/a', Buffer.from('hello'), { ifAbsent: true });
  expect((await behind.get('x/a'))?.body.toString()).toBe('hello');
  expect(passed).toContain(`${stand.fake.endpoint}/token`);
  expect(passed).toContain(`${stand.fake.endpoint}/bucket/x/a`);
  passed = [];
  const beside = stand.open({ proxies: { HTTP_PROXY, NO_PROXY: '127.0.0.1' } });
  expect((await beside.get('x/a'))?.body.toString()).toBe('hello');
  expect(passed).toEqual([]);
});
