import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FAKE_CREDENTIALS, FakeS3 } from '@atoll/storage-s3/testing';
import { serveRegion, type Served } from '../harness/atoll.js';
import { freePorts } from '../harness/service.js';
import { valuesOf, verdict } from './answers.js';
import { Repository } from './repository.js';
import { contentOf, EMPTY_BLOB, imageOf, randomBlob } from './samples.js';

const LARGE_BYTES = 300_000;

/** A region of its own on a bucket that signs, so also where the registry under test is another that runs already. */
describe.each([
  ['on', true],
  ['off', false],
  ['on except 127.0.0.0/8', false],
  ['off except 127.0.0.0/8', true],
])('a blob pull with redirects %s (distribution-spec, Pulling blobs)', (setting, redirected) => {
  let fake: FakeS3;
  let folder: string;
  let served: Served;
  let repository: Repository;
  const blob = randomBlob(LARGE_BYTES);

  beforeAll(async () => {
    fake = await FakeS3.start();
    folder = mkdtempSync(join(tmpdir(), 'atoll-redirects-'));
    const [port = 0] = await freePorts(1);
    const env = {
      ATOLL_STORAGE: fake.url('bucket', 'eu'),
      ATOLL_REDIRECTS: setting,
      ATOLL_LOG_LEVEL: 'debug',
      AWS_ACCESS_KEY_ID: FAKE_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: FAKE_CREDENTIALS.secretAccessKey,
    };
    served = await serveRegion({ folder, region: 'eu', env }, port, join(folder, 'atoll.log'));
    repository = Repository.unused(served.wire);
    await repository.pushBlobs(blob, EMPTY_BLOB, contentOf(''));
  }, 60_000);
  afterAll(async () => {
    served.wire.close();
    await served.service.stop();
    await fake.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const get = (headers: Record<string, string> = {}) => repository.send('GET', `blobs/${blob.digest}`, { headers });

  test('GET is answered with the bytes, or with where they are', async () => {
    const answer = await get();
    expect(answer.status).toBe(redirected ? 307 : 200);
    expect(valuesOf(answer, 'Docker-Content-Digest')).toEqual([blob.digest]);
    if (!redirected) return expect(answer.body.equals(blob.bytes)).toBe(true);
    const target = await fetch(answer.headers.location ?? '');
    expect([target.status, target.headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
    expect(Buffer.from(await target.arrayBuffer()).equals(blob.bytes)).toBe(true);
  });

  test('a part comes from wherever the bytes come from', async () => {
    const Range = 'bytes=1000-1999';
    const answer = await get({ Range });
    expect(answer.status).toBe(redirected ? 307 : 206);
    if (!redirected) return expect(answer.body.equals(blob.bytes.subarray(1000, 2000))).toBe(true);
    const target = await fetch(answer.headers.location ?? '', { headers: { Range } });
    expect([target.status, target.headers.get('content-range')]).toEqual([206, `bytes 1000-1999/${LARGE_BYTES}`]);
    expect(Buffer.from(await target.arrayBuffer()).equals(blob.bytes.subarray(1000, 2000))).toBe(true);
  });

  test('HEAD, what the client has, what is not there and what cannot be are never redirected', async () => {
    const head = await repository.send('HEAD', `blobs/${blob.digest}`);
    expect([head.status, head.headers['content-length']]).toEqual([200, String(LARGE_BYTES)]);
    expect((await get({ 'If-None-Match': `"${blob.digest}"` })).status).toBe(304);
    expect(verdict(await get({ Range: `bytes=${LARGE_BYTES}-` }))).toBe('416 RANGE_INVALID');
    const other = Repository.unused(served.wire);
    expect(verdict(await other.send('GET', `blobs/${blob.digest}`))).toBe('404 BLOB_UNKNOWN');
    expect((await repository.send('GET', `blobs/${contentOf('').digest}`)).status).toBe(200);
  });

  test('manifests, lists and uploads are never redirected', async () => {
    const image = imageOf();
    await repository.push(image, 'v1');
    const { digest } = image;
    for (const target of ['manifests/v1', `manifests/${digest}`, 'tags/list', `referrers/${digest}`]) {
      expect([target, (await repository.send('GET', target)).status]).toEqual([target, 200]);
    }
  });

  test('no signed URL is in the log', async () => {
    await get();
    const log = readFileSync(join(folder, 'atoll.log'), 'utf8');
    expect(log).toContain('"message":"request served"');
    expect(log).not.toMatch(/X-Amz-(Signature|Credential|Security-Token)/i);
  });
});
