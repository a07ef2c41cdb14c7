import { describe, expect, test } from '@jest/globals';
import { headerOf } from '../harness/wire.js';
import { verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import { randomBlob, randomDigest } from './samples.js';
import { Upload } from './upload.js';

const registry = registryUnderTest();
const start = (): Promise<Upload> => Upload.start(registry.repository());

describe('PUT, which closes an upload', () => {
  test.each([
    ['no digest', ''],
    ['an empty one', '?digest='],
    ['a word', '?digest=latest'],
    ['a short one', '?digest=sha256:abc'],
    ['an upper-case one', `?digest=sha256:${'A'.repeat(64)}`],
    ['one that climbs', `?digest=sha256:..%2f..%2f${'a'.repeat(58)}`],
    ['an algorithm that is not taken', `?digest=blake3:${'0'.repeat(64)}`],
    ['two digests', `?digest=${randomDigest()}&digest=${randomDigest()}`],
  ])('with %s is 400 DIGEST_INVALID, and the upload goes on', async (_what, query) => {
    const upload = await start();
    const blob = randomBlob(2000);
    await upload.patch(blob.bytes.subarray(0, 1000));
    const target = `${upload.location}${query}`;
    const answer = await registry.send('PUT', target, { body: blob.bytes.subarray(1000) });
    expect(verdict(answer)).toBe('400 DIGEST_INVALID');
    expect(await upload.settledOffset()).toBe(1000);
    expect((await upload.put(blob.digest, blob.bytes.subarray(1000))).status).toBe(201);
  });

  test.each([
    ['sha256', 'in the session', 1000],
    ['sha512', 'in the session', 1000],
    ['sha256', 'in the PUT', 0],
    ['sha512', 'in the PUT', 0],
  ] as const)(
    'with a %s digest of other content, which is %s, ends the upload',
    async (algorithm, _where, sentFirst) => {
      const upload = await start();
      const blob = randomBlob(1000);
      if (sentFirst > 0) await upload.patch(blob.bytes);
      const wrong = randomDigest(algorithm);
      expect(verdict(await upload.put(wrong, blob.bytes.subarray(sentFirst)))).toBe('400 DIGEST_INVALID');
      for (const digest of [wrong, blob.digest]) {
        expect((await upload.repository.send('HEAD', `blobs/${digest}`)).status).toBe(404);
      }
      if (sentFirst > 0) expect(verdict(await upload.put(blob.digest))).toBe('404 BLOB_UPLOAD_UNKNOWN');
    },
  );

  test('without body means the same whether Content-Length is 0 or absent', async () => {
    for (const framing of [
      ['Content-Length: 0'],
      [],
      ['Content-Type: application/octet-stream', 'Content-Length: 0'],
    ]) {
      const upload = await start();
      const blob = randomBlob(100);
      await upload.patch(blob.bytes);
      const { pathname } = new URL(upload.location, registry.wire.url);
      const answer = await registry.say([`PUT ${pathname}?digest=${blob.digest} HTTP/1.1`, ...framing]);
      expect(answer.status).toBe(201);
    }
  });

  test.each([
    ['with everything in the PUT', 0],
    ['with everything in the session', 1000],
    ['with a bit of both', 400],
  ])('is 201 again when it is repeated, %s', async (_what, sentFirst) => {
    const upload = await start();
    const blob = randomBlob(1000);
    if (sentFirst > 0) await upload.patch(blob.bytes.subarray(0, sentFirst));
    const rest = sentFirst < 1000 ? blob.bytes.subarray(sentFirst) : undefined;
    const first = await upload.put(blob.digest, rest);
    expect(first.status).toBe(201);
    for (const body of [rest, undefined]) {
      const again = await upload.put(blob.digest, body);
      expect([again.status, headerOf(again, 'Location')]).toEqual([201, headerOf(first, 'Location')]);
    }
  });

  test('is 404 with another digest once the upload is closed', async () => {
    const upload = await start();
    const blob = randomBlob(1000);
    await upload.patch(blob.bytes);
    expect((await upload.put(blob.digest)).status).toBe(201);
    expect(verdict(await upload.put(randomDigest()))).toBe('404 BLOB_UPLOAD_UNKNOWN');
    expect(verdict(await upload.patch('more'))).toBe('404 BLOB_UPLOAD_UNKNOWN');
    expect(verdict(await upload.status())).toBe('404 BLOB_UPLOAD_UNKNOWN');
  });

  test('takes a digest whose colon is escaped', async () => {
    const upload = await start();
    const { bytes, digest } = randomBlob();
    const answer = await registry.send('PUT', `${upload.location}?digest=${digest.replace(':', '%3A')}`, {
      body: bytes,
    });
    expect(answer.status).toBe(201);
  });

  test('to an upload that is not there is 404, whatever it brings', async () => {
    const { bytes, digest } = randomBlob();
    const repository = registry.repository();
    const answer = await repository.send('PUT', `blobs/uploads/none?digest=${digest}`, { body: bytes });
    expect(verdict(answer)).toBe('404 BLOB_UPLOAD_UNKNOWN');
    expect((await repository.send('HEAD', `blobs/${digest}`)).status).toBe(404);
  });
});

describe('DELETE, which gives an upload up', () => {
  test.each([0, 1000])('is 204 with %d bytes there, and then nobody knows the upload', async (sizeBytes) => {
    const upload = await start();
    const { bytes, digest } = randomBlob(1000);
    if (sizeBytes > 0) await upload.patch(bytes);
    const answer = await upload.cancel();
    expect([answer.status, answer.body.length]).toEqual([204, 0]);
    for (const later of [
      await upload.status(),
      await upload.patch('x'),
      await upload.put(digest),
      await upload.cancel(),
    ]) {
      expect(verdict(later)).toBe('404 BLOB_UPLOAD_UNKNOWN');
    }
    expect((await upload.repository.send('HEAD', `blobs/${digest}`)).status).toBe(404);
  });
});

describe('the uploads of two repositories', () => {
  test('are unknown to each other', async () => {
    const upload = await start();
    const other = registry.repository();
    const blob = randomBlob(1000);
    await upload.patch(blob.bytes);
    const there = upload.location.replace(upload.repository.path(''), other.path(''));
    for (const [method, body] of [
      ['GET', undefined],
      ['PATCH', Buffer.from('x')],
      ['PUT', undefined],
      ['DELETE', undefined],
    ] as const) {
      const question = body === undefined ? {} : { body };
      const answer = await registry.send(method, `${there}?digest=${blob.digest}`, question);
      expect([method, verdict(answer)]).toEqual([method, '404 BLOB_UPLOAD_UNKNOWN']);
    }
    expect((await upload.put(blob.digest)).status).toBe(201);
    expect((await other.send('HEAD', `blobs/${blob.digest}`)).status).toBe(404);
  });

  test('make a blob of the one only', async () => {
    const [one, other] = [registry.repository(), registry.repository()];
    const { digest } = await one.pushBytes(randomBlob().bytes);
    expect((await other.send('HEAD', `blobs/${digest}`)).status).toBe(404);
    expect(verdict(await other.send('GET', `blobs/${digest}`))).toBe('404 BLOB_UNKNOWN');
  });
});
