import { digestOf } from '@atoll/core';
import { faulty, MemoryStore, StorageError, type Fault, type StorageErrorKind } from '@atoll/storage';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { errorRows, Harness, imageManifest, OCI_IMAGE, verdict, type Sent } from './testing/harness.js';
import type { WireReply } from './testing/wire.js';

const LAYER = Buffer.alloc(100_000, 'layer');
const LAYER_DIGEST = digestOf(LAYER);
const SPARE = Buffer.from('nothing names this');
const MANIFEST = Buffer.from(JSON.stringify(imageManifest()));
const PUSH: Sent = { headers: { 'Content-Type': OCI_IMAGE }, body: MANIFEST };

/** Every request that needs the store, with what it is answered while that is there; in an order in which each can be. */
const REQUESTS: readonly (readonly [string, string, number, Sent?])[] = [
  ['GET', `/v2/team/app/blobs/${LAYER_DIGEST}`, 200],
  ['GET', `/v2/team/app/blobs/${LAYER_DIGEST}`, 206, { headers: { Range: 'bytes=7-9' } }],
  ['HEAD', `/v2/team/app/blobs/${LAYER_DIGEST}`, 200],
  ['GET', '/v2/team/app/manifests/v1', 200],
  ['HEAD', '/v2/team/app/manifests/v1', 200],
  ['GET', `/v2/team/app/manifests/${digestOf(MANIFEST)}`, 200],
  ['HEAD', `/v2/team/app/manifests/${digestOf(MANIFEST)}`, 200],
  ['GET', '/v2/team/app/tags/list', 200],
  ['GET', `/v2/team/app/referrers/${digestOf(MANIFEST)}`, 200],
  ['GET', '/v2/_catalog', 200],
  ['POST', `/v2/team/app/blobs/uploads/?digest=${digestOf('whole')}`, 201, { body: 'whole' }],
  ['PATCH', 'UPLOAD', 202, { body: LAYER }],
  ['GET', 'UPLOAD', 204],
  ['PUT', `UPLOAD?digest=${LAYER_DIGEST}`, 201],
  ['PUT', '/v2/team/app/manifests/v1', 201, PUSH],
  ['PUT', `/v2/team/app/manifests/${digestOf(MANIFEST)}`, 201, PUSH],
  ['DELETE', `/v2/team/app/blobs/${digestOf(SPARE)}`, 202],
  ['DELETE', '/v2/team/app/manifests/v1', 202],
  ['DELETE', `/v2/team/app/manifests/${digestOf(MANIFEST)}`, 202],
];

const KINDS: readonly StorageErrorKind[] = ['unavailable', 'denied', 'locked'];

describe('while the store is away', () => {
  const plan: Fault[] = [];
  let api: Harness;

  beforeAll(async () => {
    api = await Harness.start({ store: faulty(new MemoryStore(), plan) });
  });
  beforeEach(async () => {
    await api.pushBlob('team/app', LAYER);
    await api.pushBlob('team/app', SPARE);
    await api.pushImage('team/app', 'v1');
  });
  afterEach(() => void (plan.length = 0));
  afterAll(() => api.stop());

  const away = (kind: StorageErrorKind) =>
    plan.push({
      when: 'before',
      error: () => new StorageError(kind, 'the secret name of a bucket', { key: 'd/secret' }),
    });

  describe.each(KINDS)('%s', (kind) => {
    test.each(REQUESTS)('%s %s is 503 with the advice to come back, and as ever afterwards', async (...request) => {
      const [method, target, expected, sent = {}] = request;
      const path = target.replace('UPLOAD', await api.startUpload('team/app'));
      away(kind);
      expectOutage(await api.ask(method, path, sent), method);
      plan.length = 0;
      if (path.includes('/blobs/uploads/') && method === 'PUT') await api.ask('PATCH', path, { body: LAYER });
      const reply = await api.ask(method, path, sent);
      expect([verdict(reply), reply.status]).toEqual([String(expected), expected]);
    });
  });

  test('readiness turns red and back by itself, liveness stays as it is', async () => {
    const states = async () => [
      (await api.ask('GET', '/readyz')).status,
      (await api.ask('GET', '/healthz')).status,
      (await api.ask('GET', '/v2/')).status,
    ];
    expect(await states()).toEqual([200, 200, 200]);
    away('unavailable');
    expect(await states()).toEqual([503, 200, 200]);
    expect((await api.ask('GET', '/readyz')).body.toString()).not.toContain('secret');
    plan.length = 0;
    expect(await states()).toEqual([200, 200, 200]);
  });

  test('an upload that was under way goes on where it was when the store is back', async () => {
    const upload = await api.startUpload('team/app');
    const [first, second] = [LAYER.subarray(0, 60_000), LAYER.subarray(60_000)];
    expect((await api.ask('PATCH', upload, { body: first })).status).toBe(202);
    away('unavailable');
    expectOutage(await api.ask('PATCH', upload, { body: second }), 'PATCH');
    expectOutage(await api.ask('GET', upload), 'GET');
    plan.length = 0;
    expect((await api.ask('GET', upload)).headers.range).toBe('0-59999');
    expect((await api.ask('PATCH', upload, { body: second })).status).toBe(202);
    expect((await api.ask('PUT', `${upload}?digest=${LAYER_DIGEST}`)).status).toBe(201);
  });

  test('a mount becomes an upload, which is always a right answer, and works again afterwards', async () => {
    const mount = () => api.ask('POST', `/v2/team/other/blobs/uploads/?mount=${LAYER_DIGEST}&from=team/app`);
    away('unavailable');
    const { status, headers } = await mount();
    expect(status).toBe(202);
    expectOutage(await api.ask('PATCH', headers.location ?? '', { body: LAYER }), 'PATCH');
    plan.length = 0;
    expect((await mount()).status).toBe(201);
  });

  test('a push whose answers are lost can be made again, and loses nothing', async () => {
    for (const op of ['put', 'putData'] as const) {
      const body = `lost ${op}`;
      const digest = digestOf(body);
      const path = `/v2/team/app/blobs/uploads/?digest=${digest}`;
      plan.push({ op, when: 'after' });
      expectOutage(await api.ask('POST', path, { body }), 'POST');
      plan.length = 0;
      expect((await api.ask('POST', path, { body })).status).toBe(201);
      expect((await api.ask('GET', `/v2/team/app/blobs/${digest}`)).body.toString()).toBe(body);
    }
    plan.push({ op: 'put', when: 'after' });
    expectOutage(await api.ask('PUT', '/v2/team/app/manifests/v2', PUSH), 'PUT');
    plan.length = 0;
    expect((await api.ask('PUT', '/v2/team/app/manifests/v2', PUSH)).status).toBe(201);
  });
});

/** distribution-spec, Error Codes; RFC 9110, 10.2.3. */
function expectOutage(reply: WireReply, method: string): void {
  expect([reply.status, reply.headers['retry-after']]).toEqual([503, '5']);
  if (method === 'HEAD') return expect(reply.body).toHaveLength(0);
  expect(reply.headers['content-type']).toBe('application/json');
  expect(errorRows(reply)).toEqual([{ code: 'UNAVAILABLE', message: "this region's storage does not answer" }]);
}
