import { beforeAll, describe, expect, test } from '@jest/globals';
import { Agent, request } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { rawExchange } from '../harness/raw-exchange.js';
import { valuesOf, verdict } from './answers.js';
import { registryUnderTest, SEVERAL_PROCESSES } from './registry-under-test.js';
import type { Repository } from './repository.js';
import { EMPTY_BLOB, imageOf, OCI_IMAGE, randomDigest } from './samples.js';

const registry = registryUnderTest();

let repository: Repository;
const image = imageOf();

beforeAll(async () => {
  repository = registry.repository();
  await repository.push(image, 'v1');
});

/** Everything a client may read. */
const READABLE = [
  ['the ping', () => '/v2/'],
  ['a manifest', () => repository.path('manifests/v1')],
  ['a blob', () => repository.path(`blobs/${image.blobs[0]?.digest}`)],
  ['the tags', () => repository.path('tags/list')],
  ['the referrers', () => repository.path(`referrers/${image.digest}`)],
  ['the catalog', () => '/v2/_catalog?n=5'],
  ['an error', () => repository.path('manifests/missing')],
] as const;

describe('bytes and headers are as they are', () => {
  test.each(READABLE)('%s: no charset, no weak entity tag, no encoding, one of each header', async (_what, path) => {
    const headers = {
      'Accept-Encoding': 'zstd, gzip, br, deflate',
      'Accept-Charset': 'utf-8',
      'X-Forwarded-Proto': 'https',
    };
    const answer = await registry.send('GET', path(), { headers });
    expect(valuesOf(answer, 'Content-Type').join()).not.toMatch(/charset|;/);
    expect(valuesOf(answer, 'Content-Length')).toEqual([String(answer.body.length)]);
    for (const name of ['Content-Encoding', 'Transfer-Encoding', 'Vary', 'X-Powered-By', 'Set-Cookie']) {
      expect(valuesOf(answer, name)).toEqual([]);
    }
    for (const tag of valuesOf(answer, 'ETag')) expect(tag).toMatch(/^"sha(256|512):[0-9a-f]+"$/);
    expect(valuesOf(answer, 'Docker-Distribution-Api-Version')).toEqual(['registry/2.0']);
    expect(valuesOf(answer, 'X-Content-Type-Options')).toEqual(['nosniff']);
    const names = answer.rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  test.each(READABLE)('%s: HEAD sends not one byte after its head', async (_what, path) => {
    const { status, lines, body } = await registry.say([`HEAD ${path()} HTTP/1.1`]);
    const get = await registry.send('GET', path());
    expect([status, body.length]).toEqual([get.status, 0]);
    expect(lines.find((line) => /^content-length:/i.test(line))).toMatch(new RegExp(` ${get.body.length}$`));
  });

  test('what has no body says so: 201 and 202 with a length of 0, 204 and 304 without one', async () => {
    const start = await repository.send('POST', 'blobs/uploads/');
    const put = await repository.put('v1', image);
    const status = await registry.send('GET', start.headers.location ?? '');
    const known = await repository.send('GET', 'manifests/v1', { headers: { 'If-None-Match': '*' } });
    expect([start, put].map((answer) => [answer.status, answer.headers['content-length']])).toEqual([
      [202, '0'],
      [201, '0'],
    ]);
    expect([status, known].map((answer) => [answer.status, answer.headers['content-length']])).toEqual([
      [204, undefined],
      [304, undefined],
    ]);
  });

  test('a Location is one, and path-absolute, whatever host the request names', async () => {
    const [start, put] = [
      await repository.send('POST', 'blobs/uploads/', { headers: { Host: 'a.example:99' } }),
      await repository.put('v1', image, { Host: 'a.example', 'X-Forwarded-Host': 'b.example' }),
    ];
    for (const answer of [start, put]) {
      expect(valuesOf(answer, 'Location')).toHaveLength(1);
      expect(answer.headers.location).toMatch(new RegExp(`^/v2/${repository.name}/`));
    }
  });
});

describe('headers that contradict each other', () => {
  test.each([
    ['Content-Type', 'application/json', OCI_IMAGE],
    ['Authorization', 'Basic YTpi', 'Basic Yzpk'],
    ['Content-Range', '0-1', '0-1'],
    ['Range', 'bytes=0-1', 'bytes=2-3'],
    ['If-Range', '"a"', '"b"'],
  ])('%s twice is 400', async (name, first, second) => {
    const path = repository.path('manifests/v1');
    const answer = await registry.say([
      `GET ${path} HTTP/1.1`,
      `${name}: ${first}`,
      `${name.toLowerCase()}: ${second}`,
    ]);
    expect(answer.status).toBe(400);
    expect(verdict(answer)).toMatch(/^400 [A-Z_]+$/);
  });

  test.each([
    ['two lengths', ['Content-Length: 2', 'Content-Length: 3']],
    ['a length and chunks', ['Content-Length: 2', 'Transfer-Encoding: chunked']],
    ['a length that is no number', ['Content-Length: 2x']],
    ['a negative length', ['Content-Length: -1']],
    ['an unknown coding', ['Transfer-Encoding: gzip, x']],
    ['a folded line', ['Content-Type: application/json', ' x']],
    ['a space before the colon', ['Content-Length : 2']],
  ])('%s: 400, and the connection ends', async (_what, lines) => {
    const path = repository.path('manifests/smuggled');
    const smuggled = `GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n`;
    const head = [`PUT ${path} HTTP/1.1`, 'Host: a', ...lines].join('\r\n');
    const answer = await rawExchange(registry.wire.url, `${head}\r\n\r\n{}${smuggled}`);
    expect(answer.status).toBe(400);
    expect(answer.body.toString().match(/HTTP\/1\.1/g)).toBeNull();
    expect((await repository.send('HEAD', 'manifests/smuggled')).status).toBe(404);
  });

  test('no Host is 400', async () => {
    expect((await rawExchange(registry.wire.url, 'GET /v2/ HTTP/1.1\r\nConnection: close\r\n\r\n')).status).toBe(400);
  });
});

describe('the size of a head', () => {
  test('48 KiB are read: tokens and ranges are long', async () => {
    const answer = await registry.send('GET', '/v2/', { headers: { 'X-Long': 'x'.repeat(48 * 1024) } });
    expect(answer.status).toBe(200);
  });

  test('more than 64 KiB is 431, in the registry’s own words', async () => {
    const answer = await registry.say(['GET /v2/ HTTP/1.1', `X-Long: ${'x'.repeat(80 * 1024)}`]);
    expect(verdict(answer)).toBe('431 UNSUPPORTED');
  });
});

describe('a body that waits for 100 Continue', () => {
  const lines = (path: string) => [
    `PUT ${path} HTTP/1.1`,
    `Content-Type: ${OCI_IMAGE}`,
    'Expect: 100-continue',
    `Content-Length: ${image.bytes.length}`,
  ];

  test('is asked for where the request is fine so far', async () => {
    const { status, body } = await registry.say(lines(repository.path('manifests/v1')), image.bytes);
    expect(status).toBe(100);
    expect(body.toString()).toMatch(/^HTTP\/1\.1 201 /);
  });

  test.each([
    ['a name that cannot be', '/v2/UPPER/manifests/v1', 400],
    ['a digest that cannot be', '/v2/a/manifests/sha256:x', 400],
    ['a path that is not there', '/v2/a/nothing', 404],
  ])('is not asked for with %s', async (_what, path, status) => {
    expect((await registry.say(lines(path))).status).toBe(status);
  });

  test('another expectation is 417', async () => {
    expect((await registry.say(['GET /v2/ HTTP/1.1', 'Expect: the-best'])).status).toBe(417);
  });
});

describe('a connection', () => {
  async function portOf(agent: Agent, method: string, path: string, body?: Buffer): Promise<number | undefined> {
    const sent = request(new URL(path, registry.wire.url), { agent, method });
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    await once(answer.resume(), 'end');
    return sent.socket?.localPort;
  }

  // In front of several processes each request has a connection of its own.
  const lastingTest = SEVERAL_PROCESSES ? (): void => undefined : test;

  lastingTest('serves one request after the other, also after refusals and after bodies nobody read', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set([
      await portOf(agent, 'GET', '/v2/'),
      await portOf(agent, 'GET', repository.path('manifests/missing')),
      await portOf(agent, 'GET', repository.path('manifests/v1')),
      await portOf(agent, 'PUT', repository.path(`manifests/${randomDigest()}`), EMPTY_BLOB.bytes),
      await portOf(agent, 'PUT', repository.path('manifests/sha256:x'), EMPTY_BLOB.bytes),
      await portOf(agent, 'HEAD', repository.path('manifests/v1')),
      await portOf(agent, 'GET', '/v2/'),
    ]);
    agent.destroy();
    expect(ports.size).toBe(1);
  });

  lastingTest('answers requests that come all at once in their order', async () => {
    const { host } = new URL(registry.wire.url);
    const ask = (path: string, close = '') => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${close}\r\n`;
    const answer = await rawExchange(
      registry.wire.url,
      ask('/v2/') + ask(repository.path('manifests/v1')) + ask('/v2/nothing', 'Connection: close\r\n'),
    );
    expect(answer.body.toString('latin1').match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404']);
  });

  test('speaks HTTP/1.0 too', async () => {
    const answer = await rawExchange(registry.wire.url, 'GET /v2/ HTTP/1.0\r\n\r\n');
    expect([answer.status, answer.body.toString()]).toEqual([200, '{}']);
  });

  test.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['TLS', Buffer.from('16030100c8010000c40303', 'hex')],
    ['an unknown version', 'GET /v2/ HTTP/3.9\r\nHost: a\r\n\r\n'],
    ['a line feed in a header', 'GET /v2/ HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n'],
  ])('that brings %s is told 400 and ends', async (_what, bytes) => {
    expect((await rawExchange(registry.wire.url, bytes)).status).toBe(400);
  });
});
