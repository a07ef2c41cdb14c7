import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf } from '@atoll/core';
import { MemoryStore, StorageError, type ObjectStore } from '@atoll/storage';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Harness, verdict } from '../testing/harness.js';

const SIGNATURE = 'signature-that-nobody-may-read';
const CONTENT = Buffer.from(Array.from({ length: 2048 }, (_, at) => at % 251));
const DIGEST = digestOf(CONTENT);
const URL_OF_BLOB = `/v2/team/app/blobs/${DIGEST}`;

/** What a store's own server does with a signed URL. */
class Bucket {
  readonly asked: { readonly method: string; readonly headers: IncomingHttpHeaders }[] = [];
  readonly signed: { readonly ttlSeconds: number; readonly contentType: string }[] = [];
  fault: Error | undefined;
  readonly store: ObjectStore;
  readonly #server: Server;

  constructor() {
    const memory = new MemoryStore({
      presign: (key, options) => {
        if (this.fault) throw this.fault;
        this.signed.push(options);
        return `http://127.0.0.1:${this.port}/${key}?type=${encodeURIComponent(options.contentType)}&sig=${SIGNATURE}`;
      },
    });
    this.store = memory;
    this.#server = createServer((req, res) => {
      this.asked.push({ method: req.method ?? '', headers: req.headers });
      const { pathname, searchParams } = new URL(req.url ?? '', 'http://bucket');
      const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range ?? '') ?? [];
      void memory.get(pathname.slice(1)).then((found) => {
        const bytes = found?.body.subarray(Number(start ?? 0), end === undefined ? undefined : Number(end) + 1);
        const status = bytes === undefined ? 404 : start === undefined ? 200 : 206;
        res.writeHead(status, { 'Content-Type': searchParams.get('type') ?? '' }).end(bytes);
      });
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async start(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

describe('redirects to the store', () => {
  const bucket = new Bucket();
  let api: Harness;
  let redirects: (address: string | undefined) => boolean;
  let addresses: (string | undefined)[];

  beforeAll(async () => {
    await bucket.start();
    // Another process takes the push: it keeps small blobs in memory, from where it would serve them.
    const other = await Harness.start({ store: bucket.store });
    await other.pushBlob('team/app', CONTENT);
    await other.pushBlob('team/app', '');
    await other.stop();
    api = await Harness.start({ store: bucket.store, redirects: (address) => redirects(address) });
  });
  beforeEach(() => {
    addresses = [];
    redirects = (address) => addresses.push(address) > 0;
    bucket.asked.length = bucket.signed.length = 0;
    bucket.fault = undefined;
  });
  afterAll(async () => {
    await api.stop();
    await bucket.stop();
  });
  // Whatever a test has asked for.
  afterEach(() => expect(logged(api)).not.toContain(SIGNATURE));

  test('GET of a blob is 307 to a URL that gives its bytes, its type and nothing of ours', async () => {
    const { status, headers, body } = await api.ask('GET', URL_OF_BLOB, { headers: { Authorization: 'Bearer x' } });
    expect([status, body.length]).toEqual([307, 0]);
    expect(headers).toMatchObject({
      'docker-content-digest': DIGEST,
      'content-length': '0',
      'cache-control': 'private, no-store',
      'x-content-type-options': 'nosniff',
    });
    expect(addresses).toEqual(['127.0.0.1']);
    const target = await fetch(headers.location ?? '');
    expect([target.status, target.headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
    expect(Buffer.from(await target.arrayBuffer()).equals(CONTENT)).toBe(true);
  });

  test('a URL is good for more than 20 minutes, and signed for the type of a blob', async () => {
    await api.ask('GET', URL_OF_BLOB);
    expect(bucket.signed).toEqual([{ ttlSeconds: 1800, contentType: 'application/octet-stream' }]);
  });

  test('a part is asked of the store by the client that follows', async () => {
    const url = `${api.api.url}${URL_OF_BLOB}`;
    const answer = await fetch(url, { headers: { Range: 'bytes=500-1499' } });
    expect([answer.status, answer.redirected]).toEqual([206, true]);
    expect(Buffer.from(await answer.arrayBuffer()).equals(CONTENT.subarray(500, 1500))).toBe(true);
    expect(bucket.asked.map(({ headers }) => headers.range)).toEqual(['bytes=500-1499']);
  });

  test.each([
    ['HEAD', URL_OF_BLOB, {}, '200'],
    ['GET', URL_OF_BLOB, { 'If-None-Match': `"${DIGEST}"` }, '304'],
    ['GET', URL_OF_BLOB, { Range: 'bytes=5000-6000' }, '416 RANGE_INVALID'],
    ['GET', URL_OF_BLOB, { Range: 'bytes=0-1', 'If-Range': `"${DIGEST}"` }, '206'],
    ['GET', URL_OF_BLOB, { Range: 'bytes=-2' }, '206'],
    ['GET', `/v2/team/app/blobs/${digestOf('')}`, {}, '200'],
    ['GET', `/v2/team/app/blobs/${digestOf('unknown')}`, {}, '404 BLOB_UNKNOWN'],
    ['GET', `/v2/team/other/blobs/${DIGEST}`, {}, '404 BLOB_UNKNOWN'],
    ['GET', '/v2/team/app/blobs/latest', {}, '400 DIGEST_INVALID'],
  ])('%s %s with %j is answered here: %s', async (method, path, headers, expected) => {
    // A range of a small blob brings it into memory, from where it would be served: another process has not read it.
    const other = await Harness.start({ store: bucket.store, redirects: () => true });
    expect(verdict(await other.ask(method, path, { headers }))).toBe(expected);
    expect(bucket.signed).toEqual([]);
    await other.stop();
  });

  test('several ranges at once are answered here', async () => {
    const other = await Harness.start({ store: bucket.store, redirects: () => true });
    expect((await other.ask('GET', URL_OF_BLOB, { headers: { Range: 'bytes=0-1,5-6' } })).status).toBe(200);
    await other.stop();
  });

  test('manifests and uploads are answered here', async () => {
    const { digest } = await api.pushImage('team/app', 'v1');
    for (const reference of ['v1', digest]) {
      expect((await api.ask('GET', `/v2/team/app/manifests/${reference}`)).status).toBe(200);
    }
    const upload = await api.startUpload('team/app');
    expect((await api.ask('PATCH', upload, { body: 'bytes' })).status).toBe(202);
    expect((await api.ask('GET', upload)).status).toBe(204);
    expect(bucket.signed).toEqual([]);
  });

  test('a client that is not to be redirected gets the bytes, and so does everybody once they are in memory', async () => {
    redirects = () => false;
    expect((await api.ask('GET', URL_OF_BLOB)).body.equals(CONTENT)).toBe(true);
    redirects = () => true;
    expect((await api.ask('GET', URL_OF_BLOB)).status).toBe(200);
    expect(bucket.signed).toEqual([]);
  });

  test('where no URL can be signed the blob is served, and the log tells why', async () => {
    const large = Buffer.alloc(100_000, 'x');
    const path = `/v2/team/app/blobs/${await api.pushBlob('team/app', large)}`;
    bucket.fault = new StorageError('denied', 'these credentials may not sign');
    expect((await api.ask('GET', path)).body.equals(large)).toBe(true);
    expect(api.log.of('no URL could be signed; the blob is served from here')).toHaveLength(1);
    bucket.fault = undefined;
    expect((await api.ask('GET', path)).status).toBe(307);
  });

  test('a blob that was deleted is not signed for', async () => {
    const digest = await api.pushBlob('gone', 'deleted soon');
    await api.ask('DELETE', `/v2/gone/blobs/${digest}`);
    expect(verdict(await api.ask('GET', `/v2/gone/blobs/${digest}`))).toBe('404 BLOB_UNKNOWN');
    expect(bucket.signed).toEqual([]);
  });
});

/** Everything the log was told, its errors with what they carry. */
function logged({ log }: Harness): string {
  const spelled = (_name: string, value: unknown): unknown =>
    value instanceof Error ? { ...value, text: `${value.stack}`, cause: value.cause } : value;
  return JSON.stringify(log.lines, spelled);
}
