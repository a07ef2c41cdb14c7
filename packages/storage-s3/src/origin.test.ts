import { ClockGuard } from '@atoll/storage';
import { expect, test } from '@jest/globals';
import { createClient } from './create-client.js';
import { findOrigin } from './origin.js';
import { USUAL_S3_TIMEOUTS } from './s3-calls.js';
import { parseS3Url } from './s3-location.js';
import { FAKE_CREDENTIALS } from './testing/fake-s3.js';

test.each([
  ['s3://images?region=eu-west-1', 'https://images.s3.eu-west-1.amazonaws.com/', 'eu-west-1'],
  ['s3://images.example?region=eu-west-1', 'https://s3.eu-west-1.amazonaws.com/images.example/', 'eu-west-1'],
  ['s3://images?region=cn-north-1', 'https://images.s3.cn-north-1.amazonaws.com.cn/', 'cn-north-1'],
  ['s3://images?endpoint=http://127.0.0.1:9000', 'http://127.0.0.1:9000/images/', 'us-east-1'],
  ['s3://images?endpoint=https://store.example&path-style=false', 'https://images.store.example/', 'us-east-1'],
])('objects of %s are below %s', async (url, expected, region) => {
  const client = createClient(parseS3Url(url), new ClockGuard(), USUAL_S3_TIMEOUTS, { credentials: FAKE_CREDENTIALS });
  const origin = await findOrigin(client, new URL(url).host);
  expect(origin.url.origin + origin.path).toBe(expected);
  expect(origin.scope).toEqual({ region, service: 's3' });
  client.destroy();
});
