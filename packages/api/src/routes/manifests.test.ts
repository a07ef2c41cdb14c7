import { digestOf, MAX_MANIFEST_BYTES } from '@atoll/core';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { errorRows, Harness, imageManifest, OCI_IMAGE, OCI_INDEX, sendChunked, verdict } from '../testing/harness.js';

let api: Harness;
beforeAll(async () => void (api = await Harness.start()));
afterAll(() => api.stop());

/** Bytes of exactly this size, valid as a manifest. */
function imageOf(sizeBytes: number): Buffer {
  const frame = JSON.stringify({ ...imageManifest(), annotations: { a: '' } });
  return Buffer.from(frame.replace('"a":""', `"a":"${'x'.repeat(sizeBytes - frame.length)}"`));
}

function put(name: string, reference: string, body: string | Uint8Array, type: string = OCI_IMAGE, chunked = false) {
  return api.ask('PUT', `/v2/${name}/manifests/${reference}`, { body, chunked, headers: { 'Content-Type': type } });
}

describe('pulling manifests', () => {
  let digest: string;
  let bytes: Buffer;
  beforeAll(async () => void ({ digest, bytes } = await api.pushImage('pull', 'v1')));

  test.each(['tag', 'digest'])('GET by %s answers exactly what was pushed', async (by) => {
    const reply = await api.ask('GET', `/v2/pull/manifests/${by === 'tag' ? 'v1' : digest}`);
    expect(reply.status).toBe(200);
    expect(reply.body.equals(bytes)).toBe(true);
    expect(reply.headers).toMatchObject({
      'content-type': OCI_IMAGE,
      'content-length': String(bytes.length),
      'docker-content-digest': digest,
      etag: `"${digest}"`,
      'cache-control': by === 'tag' ? 'no-cache, no-transform' : 'max-age=31536000, immutable, no-transform',
    });
  });

  test.each(['v1', 'digest'])('HEAD by %s answers the same headers and no byte', async (by) => {
    const url = `/v2/pull/manifests/${by === 'digest' ? digest : by}`;
    const [head, get] = [await api.ask('HEAD', url), await api.ask('GET', url)];
    const { date: _a, 'x-request-id': _b, ...expected } = get.headers;
    expect(head.headers).toMatchObject(expected);
    expect(head.body).toHaveLength(0);
  });

  test.each(['*/*', 'application/json', 'text/html', OCI_INDEX, `${OCI_INDEX}, application/x`])(
    'Accept: %s changes nothing',
    async (Accept) => {
      const reply = await api.ask('GET', '/v2/pull/manifests/v1', { headers: { Accept } });
      expect([reply.status, reply.headers['content-type']]).toEqual([200, OCI_IMAGE]);
    },
  );

  test.each([
    ['GET', 'a tag that is not there', 'missing', '404 MANIFEST_UNKNOWN'],
    ['GET', 'what no tag can be called', '.INVALID_MANIFEST_NAME', '404 MANIFEST_UNKNOWN'],
    ['GET', 'an escaped name', 'v%31', '404 MANIFEST_UNKNOWN'],
    ['GET', 'a name of 129 characters', 'a'.repeat(129), '404 MANIFEST_UNKNOWN'],
    ['GET', 'a digest that is not there', digestOf('x'), '404 MANIFEST_UNKNOWN'],
    ['GET', 'a digest that cannot be', 'sha256:totallywrong', '400 DIGEST_INVALID'],
    ['DELETE', 'what no tag can be called', '.x', '404 MANIFEST_UNKNOWN'],
    ['DELETE', 'a digest that cannot be', 'sha256:x', '400 DIGEST_INVALID'],
    ['PUT', 'what no tag can be called', '.x', '400 TAG_INVALID'],
    ['PUT', 'a digest that cannot be', 'sha256:baddigeststring', '400 DIGEST_INVALID'],
  ])('%s of %s', async (method, _what, reference, expected) => {
    const sent = method === 'PUT' ? { body: bytes } : {};
    expect(verdict(await api.ask(method, `/v2/pull/manifests/${reference}`, sent))).toBe(expected);
  });

  test.each(['GET', 'HEAD'])('%s with If-None-Match asks whether a tag has moved', async (method) => {
    const url = '/v2/pull/manifests/v1';
    const same = await api.ask(method, url, { headers: { 'If-None-Match': `"${digest}"` } });
    expect(same.status).toBe(304);
    expect(same.headers).toMatchObject({ etag: `"${digest}"`, 'docker-content-digest': digest });
    expect(same.headers).not.toHaveProperty('content-length');
    const moved = await api.ask(method, url, { headers: { 'If-None-Match': `"${digestOf('x')}"` } });
    expect([moved.status, moved.body.length]).toEqual([200, method === 'HEAD' ? 0 : bytes.length]);
  });

  test('a Range is not for manifests', async () => {
    const reply = await api.ask('GET', '/v2/pull/manifests/v1', { headers: { Range: 'bytes=0-' } });
    expect([reply.status, reply.body.length]).toEqual([200, bytes.length]);
  });

  test('a blob is no manifest, and a manifest no blob', async () => {
    expect(verdict(await api.ask('GET', `/v2/pull/manifests/${digestOf('{}')}`))).toBe('404 MANIFEST_UNKNOWN');
    expect(verdict(await api.ask('GET', `/v2/pull/blobs/${digest}`))).toBe('404 BLOB_UNKNOWN');
  });
});

describe('pushing manifests', () => {
  beforeAll(async () => void (await api.pushBlob('push', '{}')));
  const bytes = Buffer.from(JSON.stringify(imageManifest()));
  const digest = digestOf(bytes);

  test.each(['v1', digest])('PUT by %.10s answers where it can be pulled, twice', async (reference) => {
    for (let time = 0; time < 2; time++) {
      const reply = await put('push', reference, bytes);
      expect(reply.status).toBe(201);
      expect(reply.headers).toMatchObject({
        location: `/v2/push/manifests/${digest}`,
        'docker-content-digest': digest,
        'content-length': '0',
      });
      expect(reply.headers).not.toHaveProperty('oci-subject');
      expect(reply.headers).not.toHaveProperty('oci-tag');
    }
  });

  test.each([
    ['a charset', `${OCI_IMAGE}; charset=utf-8`],
    ['upper case', OCI_IMAGE.toUpperCase()],
    ['no type of its own', 'application/json'],
    ['an empty type', ''],
  ])('the type it is served as is the bare one: %s', async (_what, type) => {
    expect((await put('push', 'typed', bytes, type)).status).toBe(201);
    expect((await api.ask('GET', '/v2/push/manifests/typed')).headers['content-type']).toBe(OCI_IMAGE);
  });

  test('without a length', async () => {
    expect((await put('push', 'chunked', bytes, OCI_IMAGE, true)).status).toBe(201);
    expect((await api.ask('GET', '/v2/push/manifests/chunked')).body.equals(bytes)).toBe(true);
  });

  test('of exactly 4 MiB', async () => {
    const large = imageOf(MAX_MANIFEST_BYTES);
    expect(large).toHaveLength(4_194_304);
    expect((await put('push', 'large', large)).status).toBe(201);
    expect((await api.ask('GET', '/v2/push/manifests/large')).body.equals(large)).toBe(true);
  });

  test.each([
    ['that the length tells', false],
    ['that only the bytes tell', true],
  ])('a byte more is too many, %s', async (_how, chunked) => {
    const reply = await put('push', 'huge', imageOf(MAX_MANIFEST_BYTES + 1), OCI_IMAGE, chunked);
    expect(verdict(reply)).toBe('413 MANIFEST_INVALID');
    expect(verdict(await api.ask('GET', '/v2/push/manifests/huge'))).toBe('404 MANIFEST_UNKNOWN');
  });

  test('a length that promises too much is refused before a byte is sent', async () => {
    const wire = await api.wire();
    wire.head('PUT /v2/push/manifests/huge HTTP/1.1', 'Host: r', `Content-Length: ${2 ** 40}`);
    const reply = await wire.reply();
    expect([verdict(reply), reply.headers.connection]).toEqual(['413 MANIFEST_INVALID', 'close']);
    wire.close();
  });

  test('every digest that is missing has a row', async () => {
    const missing = ['one', 'two'].map((text) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      digest: digestOf(text),
      size: 3,
    }));
    const reply = await put('push', 'missing', JSON.stringify({ ...imageManifest(), layers: missing }));
    expect(verdict(reply)).toBe('400 MANIFEST_BLOB_UNKNOWN');
    expect(errorRows(reply)).toHaveLength(2);
    expect(JSON.stringify(errorRows(reply))).toContain(digestOf('two'));
    expect(verdict(await api.ask('GET', '/v2/push/manifests/missing'))).toBe('404 MANIFEST_UNKNOWN');
  });

  test('bytes of another digest', async () => {
    expect(verdict(await put('push', digestOf('x'), bytes))).toBe('400 DIGEST_INVALID');
  });

  test('a subject is told back, whether it is there or not', async () => {
    const subject = { mediaType: OCI_IMAGE, digest: digestOf('not there'), size: 3 };
    const referrer = JSON.stringify({ ...imageManifest(), subject });
    for (const reference of ['signature', digestOf(referrer)]) {
      const reply = await put('push', reference, referrer);
      expect([reply.status, reply.headers['oci-subject']]).toEqual([201, subject.digest]);
    }
  });

  test('tag parameters set all tags, and tell which', async () => {
    const tags = Array.from({ length: 12 }, (_, at) => `t${at}`);
    const reply = await put('push', `${digest}?${tags.map((tag) => `tag=${tag}`).join('&')}&tag=t0`, bytes);
    expect([reply.status, reply.headers['oci-tag']]).toEqual([201, tags.join(', ')]);
    for (const tag of tags) {
      const { headers } = await api.ask('HEAD', `/v2/push/manifests/${tag}`);
      expect(headers['docker-content-digest']).toBe(digest);
    }
  });

  test.each([
    ['an invalid one among them', `${digest}?tag=good&tag=-bad`, '400 TAG_INVALID'],
    ['beside a tag in the path', 'other?tag=good', '400 TAG_INVALID'],
    ['too many', `${digest}?${Array.from({ length: 101 }, (_, at) => `tag=good${at}`).join('&')}`, '414 TAG_INVALID'],
    ['a line break in one', `${digest}?tag=good%0d%0aX-Evil:%201`, '400 TAG_INVALID'],
  ])('tag parameters, %s: nothing is set', async (_what, reference, expected) => {
    expect(verdict(await put('push', reference, bytes))).toBe(expected);
    for (const tag of ['good', 'good0', 'other']) {
      expect((await api.ask('HEAD', `/v2/push/manifests/${tag}`)).status).toBe(404);
    }
  });

  test('a tag can be pushed by sha512', async () => {
    const long = digestOf(bytes, 'sha512');
    for (const reference of [`long?digest=${long}`, `${long}?tag=long`]) {
      const reply = await put('push', reference, bytes);
      expect(reply.headers).toMatchObject({ 'docker-content-digest': long, 'oci-tag': 'long' });
      expect((await api.ask('HEAD', '/v2/push/manifests/long')).headers['docker-content-digest']).toBe(long);
    }
    expect(verdict(await put('push', `wrong?digest=${digestOf('x')}`, bytes))).toBe('400 DIGEST_INVALID');
    expect(verdict(await put('push', `${digest}?digest=${long}`, bytes))).toBe('400 DIGEST_INVALID');
  });

  test('a body that breaks off leaves nothing', async () => {
    const wire = await api.wire();
    wire.head('PUT /v2/push/manifests/cut HTTP/1.1', 'Host: r', 'Transfer-Encoding: chunked');
    sendChunked(wire, bytes, false);
    wire.socket.end();
    await wire.rest();
    expect((await api.ask('HEAD', '/v2/push/manifests/cut')).status).toBe(404);
  });
});

describe('deleting manifests', () => {
  test('a tag goes, its manifest stays', async () => {
    const { digest } = await api.pushImage('delete', 'v1');
    const { status, headers } = await api.ask('DELETE', '/v2/delete/manifests/v1');
    expect([status, headers['content-length']]).toEqual([202, '0']);
    expect((await api.ask('HEAD', '/v2/delete/manifests/v1')).status).toBe(404);
    expect((await api.ask('HEAD', `/v2/delete/manifests/${digest}`)).status).toBe(200);
    expect(verdict(await api.ask('DELETE', '/v2/delete/manifests/v1'))).toBe('404 MANIFEST_UNKNOWN');
  });

  test('a manifest goes with all its tags', async () => {
    const { digest } = await api.pushImage('delete', 'v1');
    await api.pushImage('delete', 'v2');
    expect((await api.ask('DELETE', `/v2/delete/manifests/${digest}`)).status).toBe(202);
    for (const reference of ['v1', 'v2', digest]) {
      expect((await api.ask('HEAD', `/v2/delete/manifests/${reference}`)).status).toBe(404);
    }
    expect((await api.ask('GET', '/v2/delete/tags/list')).body.toString()).toBe('{"name":"delete","tags":[]}');
    expect(verdict(await api.ask('DELETE', `/v2/delete/manifests/${digest}`))).toBe('404 MANIFEST_UNKNOWN');
  });
});
