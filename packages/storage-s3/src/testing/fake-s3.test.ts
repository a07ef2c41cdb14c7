import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FakeS3 } from './fake-s3.js';

let fake: FakeS3;
beforeEach(async () => {
  fake = await FakeS3.start();
  fake.url('bucket');
});
afterEach(() => fake.stop());

async function codeOf(answer: Response): Promise<string | undefined> {
  return /<Code>([^<]+)</.exec(await answer.text())?.[1];
}

test('a request without a signature is denied', async () => {
  const answer = await fetch(`${fake.endpoint}/bucket/a`);
  expect([answer.status, await codeOf(answer)]).toEqual([403, 'AccessDenied']);
});

test('a signature of another time is refused', async () => {
  const headers = {
    Authorization: `AWS4-HMAC-SHA256 Credential=fake-key/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
    'x-amz-date': '20200101T000000Z',
  };
  const answer = await fetch(`${fake.endpoint}/bucket/a`, { headers });
  expect([answer.status, await codeOf(answer)]).toEqual([403, 'RequestTimeTooSkewed']);
});

test('what it does not know it says so', async () => {
  const answer = await fetch(`${fake.endpoint}/bucket/a?tagging`, { method: 'PATCH' });
  expect([answer.status, await codeOf(answer)]).toEqual([501, 'NotImplemented']);
});
