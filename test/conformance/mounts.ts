import { expect } from '@jest/globals';
import type { Content } from '../harness/images.js';
import { headerOf, type Answer } from '../harness/wire.js';
import { verdict } from './answers.js';
import type { Repository } from './repository.js';
import { randomBlob } from './samples.js';
import { Upload } from './upload.js';

/** The POST that asks for a mount. */
export function mount(target: Repository, query: string): Promise<Answer> {
  return target.send('POST', `blobs/uploads/?${query}`);
}

/** distribution-spec, Mounting a blob from another repository: 201, and where the blob is now. */
export async function expectMounted(target: Repository, answer: Answer, { digest, bytes }: Content): Promise<void> {
  expect(verdict(answer)).toBe('201');
  expect(headerOf(answer, 'Location')).toBe(target.path(`blobs/${digest}`));
  expect(answer.headers).toMatchObject({ 'docker-content-digest': digest, 'content-length': '0' });
  const pulled = await target.send('GET', `blobs/${digest}`);
  expect([pulled.status, pulled.body.equals(bytes)]).toEqual([200, true]);
}

/** An upload that works, as after any POST. */
export async function expectUpload(target: Repository, answer: Answer): Promise<void> {
  expect(answer.status).toBe(202);
  expect(headerOf(answer, 'Location').startsWith(target.path('blobs/uploads/'))).toBe(true);
  const blob = randomBlob();
  expect((await Upload.opened(target, answer).put(blob.digest, blob.bytes)).status).toBe(201);
}
