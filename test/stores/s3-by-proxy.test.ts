import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { FAKE_CREDENTIALS, FakeS3 } from '@atoll/storage-s3/testing';
import type { Served } from '../harness/atoll.js';
import { EnclosedRegion } from '../harness/enclosed-region.js';
import { filledContent, image } from '../harness/images.js';
import { pushImage } from '../harness/push.js';
import { TlsFront } from '../harness/tls-front.js';
import { expectStatus } from '../harness/wire.js';

const HOST = 's3.example.test';

let network: EnclosedRegion;
let fake: FakeS3;
let front: TlsFront;
beforeAll(async () => {
  network = new EnclosedRegion('s3-by-proxy');
  fake = await FakeS3.start();
  fake.url('registry');
  front = await TlsFront.start(network.authority.issue(HOST), Number(new URL(fake.endpoint).port));
  await network.openWayTo({ [HOST]: front.port });
});
afterEach(() => network.stopServing());
afterAll(async () => {
  await network.remove();
  await front.stop();
  await fake.stop();
});

function serve(more: NodeJS.ProcessEnv = {}): Promise<Served> {
  return network.serve({
    ATOLL_STORAGE: `s3://registry/eu?endpoint=https://${HOST}`,
    AWS_ACCESS_KEY_ID: FAKE_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: FAKE_CREDENTIALS.secretAccessKey,
    ...more,
  });
}

test('a region reaches its bucket through the proxy that is named', async () => {
  const { wire } = await serve();
  const layer = filledContent('by proxy', 9_000_000);
  await pushImage(wire, 'team/app', image('by proxy', [layer]), 'v1');
  const answer = await wire.send('GET', `/v2/team/app/blobs/${layer.digest}`);
  expect(expectStatus('GET blob', answer, 200).body.equals(layer.bytes)).toBe(true);
  expect(network.hosts).toEqual([HOST]);
});

test('a host that is left out is not asked for at the proxy', async () => {
  // Whose address nobody knows, so that the start fails.
  await expect(serve({ NO_PROXY: HOST })).rejects.toThrow(/the server does not answer/);
});

test('a server whose certificate nobody vouches for is refused at the start, with a sentence', async () => {
  await expect(serve({ NODE_EXTRA_CA_CERTS: '' })).rejects.toThrow(/certificate is not trusted: NODE_EXTRA_CA_CERTS/);
});
