import { describe, expect, test } from '@jest/globals';
import type { Content } from '../harness/images.js';
import { headerOf, type Answer } from '../harness/wire.js';
import { valuesOf, verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import { randomBlob, randomDigest } from './samples.js';
import { CHUNKED, lastByteOf, rangeOf, Upload } from './upload.js';

const registry = registryUnderTest();
const start = (): Promise<Upload> => Upload.start(registry.repository());

/** A blob of 3,000 bytes, of which the first 1,000 were sent. */
async function begun(): Promise<{ upload: Upload; blob: Content; first: string }> {
  const upload = await start();
  const first = upload.location;
  const blob = randomBlob(3000);
  expect((await upload.patch(blob.bytes.subarray(0, 1000), { range: '0-999' })).status).toBe(202);
  return { upload, blob, first };
}

/** distribution-spec, Pushing a blob in chunks: 416 tells where to go on, and the upload does go on from there. */
async function expectRefused(answer: Answer, lastByte: number): Promise<void> {
  expect(verdict(answer)).toBe('416 RANGE_INVALID');
  expect(lastByteOf(answer)).toBe(lastByte);
  expect((await registry.send('GET', headerOf(answer, 'Location'))).status).toBe(204);
}

async function expectWhole(upload: Upload, blob: Content): Promise<void> {
  const pulled = await upload.repository.send('GET', `blobs/${blob.digest}`);
  expect([pulled.status, pulled.body.equals(blob.bytes)]).toEqual([200, true]);
}

describe('PATCH, which adds a chunk (distribution-spec, Pushing a blob in chunks)', () => {
  test('answers 202, where to go on, and the last byte of the whole upload, not of the chunk', async () => {
    const { upload, blob } = await begun();
    const answer = await upload.patch(blob.bytes.subarray(1000, 1700), { range: '1000-1699' });
    expect([answer.status, headerOf(answer, 'Range')]).toEqual([202, '0-1699']);
    expect(valuesOf(answer, 'Location')).toEqual([
      expect.stringMatching(new RegExp(`^${upload.repository.path('blobs/uploads/')}`)),
    ]);
    expect(answer.headers).toMatchObject({ 'content-length': '0', 'docker-upload-uuid': expect.any(String) });
  });

  test.each([
    ['as the specification has it', (range: string) => range],
    ['as HTTP has it', (range: string) => `bytes ${range}`],
    ['as HTTP has it, with the whole length', (range: string) => `bytes ${range}/3000`],
    ['as HTTP has it, the whole length unknown', (range: string) => `bytes ${range}/*`],
  ])('takes Content-Range %s', async (_what, written) => {
    const { upload, blob } = await begun();
    expect((await upload.patch(blob.bytes.subarray(1000), { range: written('1000-2999') })).status).toBe(202);
    expect((await upload.put(blob.digest)).status).toBe(201);
    await expectWhole(upload, blob);
  });

  test.each([
    ['of chunks of HTTP, with a range', { headers: CHUNKED, range: '1000-2999' }],
    ['of chunks of HTTP, without a range', { headers: CHUNKED }],
    ['without a range', {}],
    ['with another Content-Type', { headers: { 'Content-Type': 'text/plain' } }],
    ['without a Content-Type', { headers: {} }],
  ])('takes a body %s', async (_what, more) => {
    const { upload, blob } = await begun();
    expect((await upload.patch(blob.bytes.subarray(1000), more)).status).toBe(202);
    expect((await upload.put(blob.digest)).status).toBe(201);
    await expectWhole(upload, blob);
  });

  test('without a body changes nothing', async () => {
    const { upload } = await begun();
    const answer = await upload.patch('');
    expect([answer.status, headerOf(answer, 'Range')]).toEqual([202, '0-999']);
  });

  test('ignores a digest that is left over in the URL', async () => {
    const { upload, blob } = await begun();
    upload.location += `?digest=${randomDigest()}`;
    expect((await upload.patch(blob.bytes.subarray(1000))).status).toBe(202);
    expect((await upload.put(blob.digest)).status).toBe(201);
  });

  test.each([
    ['ends before it begins', '1999-1000'],
    ['is longer than the body', '1000-2000'],
    ['is shorter than the body', '1000-1001'],
    ['is no range', 'many'],
    ['has no end', '1000-'],
    ['has no beginning', '-999'],
    ['has another unit', 'lines 1000-1009'],
    ['has a sign', '+1000-1009'],
    ['has numbers beyond counting', `1000-${'9'.repeat(40)}`],
    ['comes twice in one line', '1000-1009, 1000-1009'],
  ])('is 400 with a Content-Range that %s, and the upload goes on', async (_what, range) => {
    const { upload, blob } = await begun();
    const answer = await upload.patch(blob.bytes.subarray(1000, 1010), { range });
    expect(answer.status).toBe(400);
    expect(await upload.settledOffset()).toBe(1000);
    expect((await upload.put(blob.digest, blob.bytes.subarray(1000))).status).toBe(201);
    await expectWhole(upload, blob);
  });

  test('is 400 SIZE_INVALID where range and Content-Length differ', async () => {
    const { upload } = await begun();
    expect(verdict(await upload.patch('0123456789', { range: '1000-1010' }))).toBe('400 SIZE_INVALID');
  });

  test('is 400 SIZE_INVALID where a body without a length turns out other than its range', async () => {
    const { upload, blob } = await begun();
    for (const range of ['1000-1010', '1000-1008']) {
      expect(verdict(await upload.patch('0123456789', { range, headers: CHUNKED }))).toBe('400 SIZE_INVALID');
    }
    expect(await upload.settledOffset()).toBe(1000);
    expect((await upload.put(blob.digest, blob.bytes.subarray(1000))).status).toBe(201);
  });

  test.each([
    ['the same', '1000-1009', '1000-1009'],
    ['different', '1000-1009', '0-9'],
  ])('is 400 with two lines of Content-Range, %s', async (_what, ...ranges) => {
    const { upload } = await begun();
    const answer = await upload.patch('0123456789', { headers: { 'Content-Range': ranges } });
    expect(answer.status).toBe(400);
    expect(await upload.settledOffset()).toBe(1000);
  });

  test('to an upload that is not there is 404 BLOB_UPLOAD_UNKNOWN', async () => {
    const repository = registry.repository();
    for (const id of ['x', 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6', 'A'.repeat(200)]) {
      const answer = await repository.send('PATCH', `blobs/uploads/${id}`, { body: Buffer.from('x') });
      expect(verdict(answer)).toBe('404 BLOB_UPLOAD_UNKNOWN');
    }
  });
});

describe('a chunk that does not follow', () => {
  test.each([
    ['too far ahead', 1001],
    ['back at the beginning', 0],
    ['a byte behind', 999],
    ['far beyond any blob', 2 ** 50],
  ])('is 416 when it is %s, by PATCH and by PUT, and the upload goes on', async (_what, from) => {
    const { upload, blob } = await begun();
    const chunk = blob.bytes.subarray(1000, 2000);
    await expectRefused(await upload.patch(chunk, { range: rangeOf(from, from + 1000) }), 999);
    await expectRefused(await upload.put(blob.digest, chunk, { range: rangeOf(from, from + 1000) }), 999);
    expect((await upload.patch(chunk, { range: '1000-1999' })).status).toBe(202);
    await expectRefused(await upload.patch(chunk, { range: rangeOf(from, from + 1000) }), 1999);
    await expectRefused(await upload.put(blob.digest, chunk, { range: rangeOf(from, from + 1000) }), 1999);
    expect((await upload.put(blob.digest, blob.bytes.subarray(2000), { range: '2000-2999' })).status).toBe(201);
    await expectWhole(upload, blob);
  });

  test('is 416 as the first one, which tells no range: 0-0 would be one byte', async () => {
    const upload = await start();
    const blob = randomBlob(1024);
    for (const answer of [
      await upload.patch(blob.bytes.subarray(512), { range: '512-1023' }),
      await upload.put(blob.digest, blob.bytes.subarray(512), { range: '512-1023' }),
    ]) {
      expect(verdict(answer)).toBe('416 RANGE_INVALID');
      expect(answer.headers.range).toBeUndefined();
      expect((await registry.send('GET', headerOf(answer, 'Location'))).status).toBe(204);
    }
    expect((await upload.put(blob.digest, blob.bytes, { range: '0-1023' })).status).toBe(201);
    await expectWhole(upload, blob);
  });

  test('is 416 when it is sent again with the very same bytes', async () => {
    const { upload, blob } = await begun();
    await expectRefused(await upload.patch(blob.bytes.subarray(0, 1000), { range: '0-999' }), 999);
  });

  test('is 416 at the first Location, which a client may still have, and that Location still works', async () => {
    const { upload, blob, first } = await begun();
    const latest = upload.location;
    upload.location = first;
    await expectRefused(await upload.patch(blob.bytes.subarray(0, 1000), { range: '0-999' }), 999);
    const status = await upload.status();
    expect([status.status, headerOf(status, 'Range')]).toEqual([204, '0-999']);
    upload.location = latest;
    expect((await upload.put(blob.digest, blob.bytes.subarray(1000), { range: '1000-2999' })).status).toBe(201);
    await expectWhole(upload, blob);
  });

  test('is 416 without its body being waited for', async () => {
    const { upload } = await begun();
    const { pathname } = new URL(upload.location, registry.wire.url);
    const lines = [`PATCH ${pathname} HTTP/1.1`, 'Content-Range: 5000-5999', 'Content-Length: 1000'];
    const { status } = await registry.say([...lines, 'Expect: 100-continue']);
    expect(status).toBe(416);
    expect(await upload.settledOffset()).toBe(1000);
  });
});

describe('GET, which tells where an upload stands', () => {
  test.each(['GET', 'HEAD'])('%s is 204 with the last byte and the Location', async (method) => {
    const { upload } = await begun();
    const answer = await upload.status(method);
    expect([answer.status, headerOf(answer, 'Range'), answer.body.length]).toEqual([204, '0-999', 0]);
    expect(valuesOf(answer, 'Location')).toHaveLength(1);
    expect(headerOf(answer, 'Docker-Upload-UUID')).not.toBe('');
  });

  test('of an upload without bytes is 0-0, never 0--1', async () => {
    expect(headerOf(await (await start()).status(), 'Range')).toBe('0-0');
  });

  test('ignores a digest that is left over in the URL', async () => {
    const { upload } = await begun();
    upload.location += `?digest=${randomDigest()}`;
    const answer = await upload.status();
    expect([answer.status, headerOf(answer, 'Range')]).toEqual([204, '0-999']);
  });
});
