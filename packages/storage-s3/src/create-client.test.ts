import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { S3Store } from './s3-store.js';
import { FAKE_CREDENTIALS } from './testing/fake-s3.js';

test('requests without https are put to the proxy that is named, but for hosts that are left out', async () => {
  const asked: string[] = [];
  const proxy = createServer(({ url = '' }, response) => {
    asked.push(url);
    response.writeHead(200, { etag: '"a"', 'content-length': 5 }).end('hello');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const url = 's3://bucket?endpoint=http://s3.example.invalid';
  const shared = { url, credentials: FAKE_CREDENTIALS, retries: { attempts: 1 } };
  const behind = new S3Store({ ...shared, proxies: { HTTP_PROXY } });
  const beside = new S3Store({ ...shared, proxies: { HTTP_PROXY, NO_PROXY: '.example.invalid' } });
  try {
    await behind.head('x/a').catch(() => undefined);
    expect(asked).toEqual(['http://s3.example.invalid/bucket/x/a']);
    await expect(beside.head('x/a')).rejects.toMatchObject({ kind: 'unavailable' });
    expect(asked).toHaveLength(1);
  } finally {
    await behind.close();
    await beside.close();
    proxy.closeAllConnections();
    proxy.close();
  }
});

test('every request names the registry, those that the SDK sends too', async () => {
  const agents: string[] = [];
  const server = createServer(({ headers }, response) => {
    agents.push(headers['user-agent'] ?? '');
    response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `s3://bucket?endpoint=http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const store = new S3Store({ url, credentials: FAKE_CREDENTIALS, retries: { attempts: 1 } });
  await store.head('x/a').catch(() => undefined);
  await store.list('x/', { limit: 1 }).catch(() => undefined);
  expect(agents).toEqual(['atoll', expect.stringMatching(/^aws-sdk-js\/.* atoll$/)]);
  await store.close();
  server.close();
});
