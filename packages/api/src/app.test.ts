import { digestOf, RegistryError } from '@atoll/core';
import { countCalls, MemoryStore } from '@atoll/storage';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { AccessRequest } from './access-request.js';
import { errorRows, Harness, verdict } from './testing/harness.js';

let api: Harness;
afterEach(() => api.stop());

describe('what every answer has', () => {
  test.each([
    ['GET', '/v2/', 200],
    ['GET', '/nowhere', 404],
    ['GET', '/v2/A/tags/list', 400],
    ['PATCH', '/v2/', 405],
    ['GET', '/v2/a/blobs/x', 400],
    ['GET', '/healthz', 200],
  ])('%s %s', async (method, path, status) => {
    api = await Harness.start();
    const reply = await api.ask(method, path);
    expect(reply.status).toBe(status);
    expect(reply.headers).toMatchObject({
      'docker-distribution-api-version': 'registry/2.0',
      'x-content-type-options': 'nosniff',
      'content-type': 'application/json',
    });
    expect(reply.headers).not.toHaveProperty('x-powered-by');
    expect(reply.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    if (status < 400) return;
    expect(reply.headers['cache-control']).toBe('no-store');
    const [row] = errorRows(reply);
    expect(row?.message).toMatch(/^[a-z].{15,}/);
  });

  test('another method is told which ones there are', async () => {
    api = await Harness.start();
    for (const method of ['POST', 'PROPFIND', 'TRACE']) {
      const reply = await api.ask(method, '/v2/a/tags/list');
      expect([verdict(reply), reply.headers.allow]).toEqual(['405 UNSUPPORTED', 'GET, HEAD']);
    }
  });

  test('OPTIONS asks which methods there are, of a repository that need not exist', async () => {
    api = await Harness.start();
    const reply = await api.ask('OPTIONS', '/v2/name/manifests/tag');
    expect([reply.status, reply.headers.allow]).toEqual([204, 'GET, HEAD, PUT, DELETE, OPTIONS']);
    expect(verdict(await api.ask('OPTIONS', '/v2/name/other/tag'))).toBe('404 UNSUPPORTED');
    expect(verdict(await api.ask('OPTIONS', '/v2/NAME/manifests/tag'))).toBe('400 NAME_INVALID');
  });

  test('a request in absolute form, and one to the asterisk', async () => {
    api = await Harness.start();
    expect((await api.ask('GET', 'http://registry.example.com/v2/')).status).toBe(200);
    expect(verdict(await api.ask('OPTIONS', '*'))).toBe('404 UNSUPPORTED');
  });
});

describe('the request id', () => {
  test.each([
    ['push-1.eu_2', 'push-1.eu_2'],
    ['with space', undefined],
    ['x'.repeat(129), undefined],
    ['a"b', undefined],
  ])('%.20s', async (own, expected) => {
    api = await Harness.start();
    const { headers } = await api.ask('GET', '/v2/', { headers: { 'X-Request-Id': own } });
    if (expected === undefined) expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    else expect(headers['x-request-id']).toBe(expected);
  });

  test('reaches the journal', async () => {
    const store = new MemoryStore();
    api = await Harness.start({ store });
    await api.pushBlob('a', '{}');
    const body = JSON.stringify({
      schemaVersion: 2,
      config: { mediaType: 'application/x', digest: digestOf('{}'), size: 2 },
      layers: [],
    });
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const headers = { 'X-Request-Id': 'the-push', 'Content-Type': type };
    expect((await api.ask('PUT', '/v2/a/manifests/v1', { body, headers })).status).toBe(201);
    const { entries } = await store.list('jr/', { limit: 10 });
    const [entry] = await Promise.all(entries.map(({ key }) => store.get(key)));
    expect(JSON.parse(entry?.body.toString() ?? '')).toMatchObject({ requestId: 'the-push' });
  });
});

describe('the access log', () => {
  test('writes and errors at info, reads that went well at debug, each with what it was about', async () => {
    api = await Harness.start();
    const digest = await api.pushBlob('team/app', 'content');
    await api.ask('GET', `/v2/team/app/blobs/${digest}`);
    await api.ask('GET', '/v2/team/app/manifests/missing');
    await api.ask('GET', '/nowhere');
    const served = api.log.of('request served').map(({ level, facts }) => [level, facts]);
    const durationMs: unknown = expect.any(Number);
    expect(served).toEqual([
      ['info', { method: 'POST', route: 'uploads', repository: 'team/app', status: 201, durationMs, sizeBytes: 7 }],
      [
        'debug',
        { method: 'GET', route: 'blob', repository: 'team/app', digest, status: 200, durationMs, sizeBytes: 7 },
      ],
      [
        'info',
        {
          method: 'GET',
          route: 'manifest',
          repository: 'team/app',
          reference: 'missing',
          status: 404,
          code: 'MANIFEST_UNKNOWN',
          durationMs,
          sizeBytes: expect.any(Number) as unknown,
        },
      ],
      [
        'info',
        { method: 'GET', status: 404, code: 'UNSUPPORTED', durationMs, sizeBytes: expect.any(Number) as unknown },
      ],
    ]);
  });

  test('never tells an upload id or credentials', async () => {
    api = await Harness.start();
    const url = await api.startUpload('a');
    await api.ask('PATCH', url, { body: 'x', headers: { Authorization: 'Basic c2VjcmV0' } });
    await api.ask('GET', `${url}x`);
    expect(JSON.stringify(api.log.lines)).not.toMatch(new RegExp(`${url.split('/').at(-1)}|c2VjcmV0`));
  });
});

describe('the place for rights', () => {
  test('is asked once, before the body and before the store', async () => {
    const asked: AccessRequest[] = [];
    const counter = countCalls(new MemoryStore());
    api = await Harness.start({
      store: counter.store,
      authorize: async (request) => {
        asked.push(request);
        throw new RegistryError('UNAUTHORIZED', 'log in first', {
          headers: { 'WWW-Authenticate': 'Bearer realm="https://r/token"' },
        });
      },
    });
    counter.reset();
    const wire = await api.wire();
    const url = '/v2/a/blobs/uploads/?digest=x&mount=y&from=b';
    wire.head(
      `POST ${url} HTTP/1.1`,
      'Host: r',
      'Authorization: Bearer t',
      'Content-Length: 5',
      'Expect: 100-continue',
    );
    const reply = await wire.reply();
    expect(verdict(reply)).toBe('401 UNAUTHORIZED');
    expect(reply.headers['www-authenticate']).toContain('Bearer realm=');
    expect(asked).toEqual([{ action: 'push', repository: 'a', mountFrom: 'b', authorization: 'Bearer t' }]);
    expect(counter.calls()).toEqual({});
    wire.close();
  });

  test('lets a HEAD be refused without a body, and health be asked by anybody', async () => {
    api = await Harness.start({
      authorize: async () => {
        throw new RegistryError('DENIED', 'not for you, whoever you are');
      },
    });
    const head = await api.ask('HEAD', '/v2/a/manifests/x');
    expect([head.status, head.body.length]).toEqual([403, 0]);
    expect((await api.ask('GET', '/healthz')).status).toBe(200);
  });

  test('makes what is cached private', async () => {
    api = await Harness.start({ authorize: async () => undefined });
    const digest = await api.pushBlob('a', 'x');
    expect((await api.ask('GET', `/v2/a/blobs/${digest}`)).headers['cache-control']).toMatch(/^private, /);
  });
});
