import { describe, expect, test } from '@jest/globals';
import type { Content } from '../harness/images.js';
import { headerOf, type Answer } from '../harness/wire.js';
import { verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import type { Repository } from './repository.js';
import { contentOf, digestOf, EMPTY_BLOB, randomBlob, type Algorithm } from './samples.js';
import { CHUNKED, Upload, UPLOAD_FORMS } from './upload.js';

const registry = registryUnderTest();

/** distribution-spec, Pushing blobs: the Location of a blob that was pushed can be pulled, byte for byte. */
async function expectPushed(repository: Repository, answer: Answer, { digest, bytes }: Content): Promise<void> {
  expect(verdict(answer)).toBe('201');
  expect(answer.headers).toMatchObject({ 'docker-content-digest': digest, 'content-length': '0' });
  expect(headerOf(answer, 'Location')).toBe(repository.path(`blobs/${digest}`));
  const pulled = await registry.send('GET', headerOf(answer, 'Location'));
  expect([pulled.status, pulled.body.equals(bytes)]).toEqual([200, true]);
  const { status, headers } = await repository.send('HEAD', `blobs/${digest}`);
  expect([status, headers['content-length'], headers['docker-content-digest']]).toEqual([
    200,
    String(bytes.length),
    digest,
  ]);
}

const ALGORITHMS: readonly Algorithm[] = ['sha256', 'sha512'];

describe.each(UPLOAD_FORMS)('%s', (_form, push) => {
  test.each(ALGORITHMS)('brings a blob with a %s digest', async (algorithm) => {
    const repository = registry.repository();
    const blob = randomBlob(5000, algorithm);
    await expectPushed(repository, await push(repository, blob, ''), blob);
  });

  test('brings a blob whose digest was announced to be of sha512', async () => {
    const repository = registry.repository();
    const blob = randomBlob(5000, 'sha512');
    await expectPushed(repository, await push(repository, blob, '?digest-algorithm=sha512'), blob);
  });

  test.each([
    ['sha256', 'sha512'],
    ['sha512', 'sha256'],
  ] as const)('brings a blob of %s although %s was announced', async (algorithm, announced) => {
    const repository = registry.repository();
    const blob = randomBlob(500, algorithm);
    await expectPushed(repository, await push(repository, blob, `?digest-algorithm=${announced}`), blob);
  });

  test.each(ALGORITHMS)('brings the blob of no bytes, whose %s digest everybody knows', async (algorithm) => {
    const repository = registry.repository();
    const blob = contentOf('', algorithm);
    await expectPushed(repository, await push(repository, blob, ''), blob);
  });

  test('brings a blob of one byte, and the empty JSON object', async () => {
    const repository = registry.repository();
    for (const blob of [contentOf('x'), EMPTY_BLOB]) {
      await expectPushed(repository, await push(repository, blob, ''), blob);
    }
  });

  test('brings a blob of some mebibytes', async () => {
    const repository = registry.repository();
    const blob = randomBlob(5 * 1024 * 1024 + 1);
    await expectPushed(repository, await push(repository, blob, ''), blob);
  });

  test.each(ALGORITHMS)('is 400 DIGEST_INVALID with five bytes more than the %s digest is of', async (algorithm) => {
    const repository = registry.repository();
    const blob = randomBlob(5000, algorithm);
    const { digest } = blob;
    const longer = { digest, bytes: Buffer.concat([blob.bytes, Buffer.from('extra')]) };
    expect(verdict(await push(repository, longer, ''))).toBe('400 DIGEST_INVALID');
    for (const unseen of [digest, digestOf(longer.bytes), digestOf(longer.bytes, 'sha512')]) {
      expect((await repository.send('HEAD', `blobs/${unseen}`)).status).toBe(404);
    }
    await expectPushed(repository, await push(repository, blob, ''), blob);
  });

  test.each([5000, 3_000_000])('is 400 DIGEST_INVALID with the right number of other bytes: %s', async (sizeBytes) => {
    const repository = registry.repository();
    const { digest } = randomBlob(sizeBytes);
    const { bytes } = randomBlob(sizeBytes);
    expect(verdict(await push(repository, { digest, bytes }, ''))).toBe('400 DIGEST_INVALID');
    expect((await repository.send('HEAD', `blobs/${digest}`)).status).toBe(404);
  });

  test('of a blob that is there already is 201, here and in another repository', async () => {
    const repository = registry.repository();
    const other = registry.repository();
    const blob = await repository.pushBytes(randomBlob(3000).bytes);
    await expectPushed(repository, await push(repository, blob, ''), blob);
    await expectPushed(other, await push(other, blob, ''), blob);
  });

  test('of a blob that was deleted brings it back', async () => {
    const repository = registry.repository();
    const blob = await repository.pushBytes(randomBlob(3000).bytes);
    expect((await repository.send('DELETE', `blobs/${blob.digest}`)).status).toBe(202);
    expect((await repository.send('HEAD', `blobs/${blob.digest}`)).status).toBe(404);
    await expectPushed(repository, await push(repository, blob, ''), blob);
  });
});

describe('what is not said in one way', () => {
  test('ranges for some chunks and none for others are one blob', async () => {
    const repository = registry.repository();
    const blob = randomBlob(900);
    const upload = await Upload.start(repository);
    await upload.patch(blob.bytes.subarray(0, 300));
    await upload.patch(blob.bytes.subarray(300, 500), { range: '300-499' });
    await upload.patch(blob.bytes.subarray(500, 700), { headers: CHUNKED });
    await expectPushed(repository, await upload.put(blob.digest, blob.bytes.subarray(700)), blob);
  });

  test('one byte at a time is a blob', async () => {
    const repository = registry.repository();
    const blob = randomBlob(24);
    const upload = await Upload.start(repository);
    for (const [at, byte] of blob.bytes.entries()) {
      const answer = await upload.patch(Buffer.of(byte), { range: `${at}-${at}` });
      expect([answer.status, answer.headers.range]).toEqual([202, `0-${at}`]);
    }
    await expectPushed(repository, await upload.put(blob.digest), blob);
  });
});
