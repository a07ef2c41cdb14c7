import { digestOf } from '@atoll/core';
import { MemoryStore } from '@atoll/storage';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { errorRows, Harness, imageManifest, OCI_IMAGE, OCI_INDEX, sendChunked, verdict } from './testing/harness.js';
import type { WireReply } from './testing/wire.js';

const D = digestOf('x');
const CONFIG = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf('{}'), size: 2 };
const LAYER = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: digestOf('layer'), size: 5 };

let api: Harness;
const store = new MemoryStore();
let before: string[];

beforeAll(async () => {
  api = await Harness.start({ store });
  await api.pushBlob('a', '{}');
  await api.pushBlob('a', 'layer');
  await api.pushBlob('elsewhere', 'foreign');
  before = await visible();
});
afterAll(() => api.stop());
// Whatever a test sent: nothing can be seen of it, no fault of ours is in the log, and the process serves.
afterEach(async () => {
  expect(await visible()).toEqual(before);
  expect(api.log.of('request failed')).toEqual([]);
  expect((await api.ask('GET', '/v2/')).status).toBe(200);
});

/** Every key that makes something visible to a client. */
async function visible(): Promise<string[]> {
  await api.registry.intents.idle();
  const { entries } = await store.list('', { limit: 10_000 });
  return entries.map(({ key }) => key).filter((key) => /^[lbcr]\//.test(key));
}

function expectRefusal(reply: WireReply, expected: string): void {
  expect(verdict(reply)).toBe(expected);
  for (const { message } of errorRows(reply)) expect(message).toMatch(/^[a-z`"].{15,}/i);
  expect(reply.headers['content-type']).toBe('application/json');
}

function put(body: string | Uint8Array, type: string = OCI_IMAGE, reference = 'bad'): Promise<WireReply> {
  return api.ask('PUT', `/v2/a/manifests/${reference}`, { body, headers: { 'Content-Type': type } });
}

describe('names', () => {
  test.each([
    ['a climb', '/v2/a/../b/tags/list'],
    ['an escaped climb', '/v2/a/%2e%2e/b/tags/list'],
    ['an escaped slash', '/v2/a%2fb/tags/list'],
    ['a backslash', '/v2/a\\b/tags/list'],
    ['an escaped NUL', '/v2/a%00/tags/list'],
    ['a malformed escape', '/v2/a%zz/tags/list'],
    ['a truncated escape', '/v2/a%/tags/list'],
    ['upper case', '/v2/Library/tags/list'],
    ['an underscore in front', '/v2/_x/tags/list'],
    ['254 bytes', `/v2/${'a'.repeat(254)}/tags/list`],
    ['20,000 bytes', `/v2/${'a/'.repeat(10_000)}a/tags/list`],
    ['an empty component', '/v2/a//b/tags/list'],
    ['a dot', '/v2/./tags/list'],
  ])('%s', async (_what, path) => expectRefusal(await api.ask('GET', path), '400 NAME_INVALID'));

  test('a NUL, a space or a byte outside of ASCII in the request line is no HTTP', async () => {
    for (const path of ['/v2/a\0b/tags/list', '/v2/a b/tags/list', '/v2/\u00e4/tags/list']) {
      const wire = await api.wire();
      wire.send(`GET ${path} HTTP/1.1\r\nHost: r\r\n\r\n`);
      expectRefusal(await wire.reply(), '400 UNSUPPORTED');
      expect(await wire.rest()).toBe('');
    }
  });

  test('are refused for writes alike', async () => {
    for (const [method, path] of [
      ['POST', '/v2/a/../b/blobs/uploads/'],
      ['PUT', '/v2/B/manifests/v1'],
      ['DELETE', `/v2/..%2f/blobs/${D}`],
      ['PATCH', '/v2/_x/blobs/uploads/x'],
    ] as const) {
      expectRefusal(await api.ask(method, path, { body: 'x' }), '400 NAME_INVALID');
    }
  });
});

describe('digests', () => {
  test.each([
    ['an unknown algorithm', `md5:${'a'.repeat(32)}`],
    ['an optional algorithm', `blake3:${'a'.repeat(64)}`],
    ['upper-case hex', `sha256:${'A'.repeat(64)}`],
    ['short hex', `sha256:${'a'.repeat(63)}`],
    ['long hex', `sha256:${'a'.repeat(65)}`],
    ['the length of another algorithm', `sha512:${'a'.repeat(64)}`],
    ['a climb', 'sha256:..'],
    ['an escape', `sha256:%2e%2e`],
    ['nothing', 'sha256:'],
    ['a property of every object', `__proto__:${'a'.repeat(64)}`],
  ])('%s', async (_what, digest) => {
    expectRefusal(await api.ask('GET', `/v2/a/blobs/${digest}`), '400 DIGEST_INVALID');
    expectRefusal(await api.ask('GET', `/v2/a/referrers/${digest}`), '400 DIGEST_INVALID');
    expectRefusal(await put('{}', OCI_IMAGE, digest), '400 DIGEST_INVALID');
    const upload = await api.startUpload('a');
    const query = `digest=${encodeURIComponent(digest)}`;
    expectRefusal(await api.ask('PUT', `${upload}?${query}`, { body: 'x' }), '400 DIGEST_INVALID');
    expectRefusal(await api.ask('POST', `/v2/a/blobs/uploads/?${query}`, { body: 'x' }), '400 DIGEST_INVALID');
  });

  test('with a slash, there is no such place', async () => {
    expectRefusal(await api.ask('GET', `/v2/a/blobs/sha256:../${'a'.repeat(61)}`), '404 UNSUPPORTED');
  });

  test.each(['POST', 'PUT', 'PATCH and PUT', 'PATCHes and PUT'])('content of another: %s', async (how) => {
    const extra = 'content and five';
    const digest = digestOf('content');
    if (how === 'POST') {
      const reply = await api.ask('POST', `/v2/a/blobs/uploads/?digest=${digest}`, { body: extra });
      return expectRefusal(reply, '400 DIGEST_INVALID');
    }
    const url = await api.startUpload('a');
    if (how === 'PATCH and PUT') await api.ask('PATCH', url, { body: extra, chunked: true });
    if (how === 'PATCHes and PUT') {
      for (const part of [extra.slice(0, 8), extra.slice(8)]) await api.ask('PATCH', url, { body: part });
    }
    const reply = await api.ask('PUT', `${url}?digest=${digest}`, how === 'PUT' ? { body: extra } : {});
    expectRefusal(reply, '400 DIGEST_INVALID');
    for (const each of [digest, digestOf(extra)]) {
      expect((await api.ask('HEAD', `/v2/a/blobs/${each}`)).status).toBe(404);
    }
  });
});

describe('manifests', () => {
  const image = (more: object) => JSON.stringify({ ...imageManifest(), ...more });
  const deep = `${'['.repeat(40)}${']'.repeat(40)}`;

  test.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['no object', '[]'],
    ['null', 'null'],
    ['a byte order mark', `\ufeff${image({})}`],
    ['data behind it', `${image({})}{}`],
    ['depth', image({}).replace('"layers":[]', `"x":${deep},"layers":[]`)],
    ['a stack of brackets', '['.repeat(1_000_000)],
    ['a key twice', image({}).replace('"schemaVersion":2', '"schemaVersion":2,"schemaVersion":2')],
    [
      'a key twice deep inside',
      image({ annotations: {} }).replace('"annotations":{}', '"annotations":{"a":"1","a":"2"}'),
    ],
    ['a key in another case', image({ Layers: [] })],
    ['a prototype', image({}).replace('{"schemaVersion"', '{"__proto__":{},"schemaVersion"')],
    ['schema 1', image({ schemaVersion: 1 })],
    ['an index inside', image({ manifests: [] })],
    ['another type inside', image({ mediaType: OCI_INDEX })],
    ['a layer that is no descriptor', image({ layers: ['x'] })],
    ['a negative size', image({ layers: [{ ...LAYER, size: -1 }] })],
    ['half a byte', image({ layers: [{ ...LAYER, size: 1.5 }] })],
    ['a size beyond exact numbers', image({ layers: [{ ...LAYER, size: 2 ** 60 }] })],
    ['another size than the blob has', image({ layers: [{ ...LAYER, size: 6 }] })],
    ['a URL that is no http', image({ layers: [{ ...LAYER, urls: ['file:///etc/passwd'] }] })],
  ])('%s', async (_what, body) => expectRefusal(await put(body), '400 MANIFEST_INVALID'));

  test('bytes that are no UTF-8', async () => {
    const body = Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xff, 0xfe), Buffer.from('"}')]);
    expectRefusal(await put(body), '400 MANIFEST_INVALID');
  });

  test('10,001 descriptors', async () => {
    const body = JSON.stringify({
      schemaVersion: 2,
      manifests: Array(10_001).fill({ ...LAYER, mediaType: OCI_IMAGE }),
    });
    expectRefusal(await put(body, OCI_INDEX), '400 MANIFEST_INVALID');
  });

  test.each([
    ['a type nobody knows', 'text/html'],
    ['schema 1', 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
    ['an index', OCI_INDEX],
  ])('sent as %s', async (_what, type) => expectRefusal(await put(image({}), type), '400 MANIFEST_INVALID'));

  test('an index with layers', async () => {
    const body = JSON.stringify({ schemaVersion: 2, manifests: [], config: CONFIG, layers: [] });
    expectRefusal(await put(body, OCI_INDEX), '400 MANIFEST_INVALID');
  });

  test('content that is not there, or only in another repository', async () => {
    for (const content of ['nowhere', 'foreign']) {
      const body = image({ layers: [{ ...LAYER, digest: digestOf(content), size: 7 }] });
      expectRefusal(await put(body), '400 MANIFEST_BLOB_UNKNOWN');
    }
    const body = JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType: OCI_IMAGE, digest: D, size: 1 }] });
    expectRefusal(await put(body, OCI_INDEX), '400 MANIFEST_BLOB_UNKNOWN');
  });

  test('another digest than the bytes have', async () => {
    expectRefusal(await put(image({}), OCI_IMAGE, D), '400 DIGEST_INVALID');
  });

  test('more than 4 MiB, told by the length, by the bytes, or by neither', async () => {
    const body = Buffer.alloc(4_194_305, 0x20);
    expectRefusal(await put(body), '413 MANIFEST_INVALID');
    const reply = await api.ask('PUT', '/v2/a/manifests/bad', { body, chunked: true });
    expectRefusal(reply, '413 MANIFEST_INVALID');
  });
});

describe('headers', () => {
  test.each([
    ['two ranges', ['Content-Range: 0-4', 'Content-Range: 0-4', 'Content-Length: 5']],
    ['two types', ['Content-Type: a/b', 'Content-Type: c/d', 'Content-Length: 5']],
    ['two credentials', ['Authorization: Basic YQ==', 'Authorization: Basic Yg==', 'Content-Length: 5']],
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6']],
    ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['a negative length', ['Content-Length: -5']],
    ['a length that is none', ['Content-Length: 5x']],
    ['an encoding nobody knows', ['Transfer-Encoding: zip']],
    ['an encoding around chunks', ['Transfer-Encoding: gzip, chunked']],
    ['no encoding around chunks', ['Transfer-Encoding: identity, chunked']],
    ['chunks twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['a length beyond exact numbers', ['Content-Length: 9007199254740993']],
    ['two hosts', ['Host: other', 'Content-Length: 5']],
    ['a line without a name', [': x', 'Content-Length: 5']],
    ['a name with a space', ['Content Length: 5']],
  ])('%s', async (_what, lines) => {
    const url = await api.startUpload('a');
    const wire = await api.wire();
    wire.head(`PATCH ${url} HTTP/1.1`, 'Host: r', ...lines).send('hello');
    expectRefusal(await wire.reply(), '400 UNSUPPORTED');
    wire.close();
    expect((await api.ask('GET', url)).headers.range).toBe('0-0');
  });

  test('two Range headers', async () => {
    const wire = await api.wire();
    wire.head(`GET /v2/a/blobs/${CONFIG.digest} HTTP/1.1`, 'Host: r', 'Range: bytes=0-0', 'Range: bytes=1-1');
    expectRefusal(await wire.reply(), '400 UNSUPPORTED');
    wire.close();
  });

  test('a range that contradicts the length', async () => {
    const url = await api.startUpload('a');
    const reply = await api.ask('PATCH', url, { body: 'hello', headers: { 'Content-Range': '0-9' } });
    expectRefusal(reply, '400 SIZE_INVALID');
  });

  test('60 KiB are fine, 100 KiB are not', async () => {
    expect((await api.ask('GET', '/v2/', { headers: { Cookie: 'x'.repeat(60_000) } })).status).toBe(200);
    expectRefusal(await api.ask('GET', '/v2/', { headers: { Cookie: 'x'.repeat(100_000) } }), '431 UNSUPPORTED');
  });

  test.each([
    ['no Host', 'GET /v2/ HTTP/1.1', []],
    ['a Host that is none', 'GET /v2/ HTTP/1.1', ['Host: a b/c@d']],
    ['a version before headers', 'GET /v2/', []],
    ['a version that frames otherwise', 'GET /v2/ HTTP/2.0', ['Host: r']],
  ])('%s', async (_what, line, lines) => {
    const wire = await api.wire();
    wire.head(line, ...lines).head('GET /v2/ HTTP/1.1', 'Host: r');
    const reply = await wire.reply();
    expectRefusal(reply, '400 UNSUPPORTED');
    expect(await wire.rest()).toBe('');
  });

  test.each(['r', 'r:5000', 'a_b.example:80', '127.0.0.1:5000', '[::1]:5000', ''])('Host: %s is fine', async (host) => {
    const wire = await api.wire();
    wire.head('GET /v2/ HTTP/1.1', `Host: ${host}`);
    expect((await wire.reply()).status).toBe(200);
    wire.close();
  });

  test('an expectation nobody can meet', async () => {
    expectRefusal(await api.ask('GET', '/v2/', { headers: { Expect: 'miracles' } }), '417 UNSUPPORTED');
  });

  test('a body whose chunks are malformed', async () => {
    const url = await api.startUpload('a');
    const wire = await api.wire();
    wire.head(`PATCH ${url} HTTP/1.1`, 'Host: r', 'Transfer-Encoding: chunked').send('zz\r\nhello\r\n');
    expectRefusal(await wire.reply(), '400 UNSUPPORTED');
    wire.close();
  });

  test('no HTTP at all', async () => {
    for (const noise of [
      '\x16\x03\x01\x02\x00\x01\x00',
      'hello\r\n\r\n',
      '\r\n\r\n\r\nGET',
      'GET / HTTP/9.9\r\n\r\n',
    ]) {
      const wire = await api.wire();
      wire.send(noise);
      wire.socket.end();
      expect(await wire.rest()).toMatch(/^(HTTP\/1\.1 400 |$)/);
    }
  });
});

describe('two writers on one upload', () => {
  test('bytes never mix: the second finds its offset taken', async () => {
    const url = await api.startUpload('two');
    const slow = await api.wire();
    slow.head(`PATCH ${url} HTTP/1.1`, 'Host: r', 'Transfer-Encoding: chunked', 'Content-Range: 0-9');
    sendChunked(slow, Buffer.from('01234'), false);
    const fast = api.ask('PATCH', url, { body: 'abcdefghij', headers: { 'Content-Range': '0-9' } });
    sendChunked(slow, Buffer.from('56789'));
    const replies = [await slow.reply(), await fast];
    slow.close();
    expect(replies.map(({ status }) => status).sort()).toEqual([202, 416]);
    expect((await api.ask('GET', url)).headers.range).toBe('0-9');
    await api.ask('DELETE', url);
  });
});

test('a thousand bad requests at once leave the process as it was', async () => {
  const paths = [`/v2/a/blobs/${D}`, '/v2/../x', '/v2/a/manifests/.x', `/v2/%/blobs/${D}`, '/v2/a/tags/list?n=x'];
  const statuses = new Set<number>();
  for (let round = 0; round < 20; round++) {
    const replies = await Promise.all(Array.from({ length: 50 }, (_, at) => api.ask('GET', paths[at % 5] ?? '')));
    for (const { status } of replies) statuses.add(status);
  }
  expect([...statuses].sort()).toEqual([400, 404]);
});
