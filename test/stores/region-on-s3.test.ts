import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { FAKE_CREDENTIALS, FakeS3 } from '@atoll/storage-s3/testing';
import { serveRegion, type Served } from '../harness/atoll.js';
import { filledContent, image } from '../harness/images.js';
import { pushImage } from '../harness/push.js';
import { eventually, freePorts } from '../harness/service.js';
import { expectStatus } from '../harness/wire.js';

let fake: FakeS3;
let folder: string;
const running: Served[] = [];
beforeAll(async () => {
  fake = await FakeS3.start();
  folder = mkdtempSync(join(tmpdir(), 'atoll-on-s3-'));
});
afterEach(async () => {
  for (const { service, wire } of running.splice(0)) {
    wire.close();
    await service.stop();
  }
});
afterAll(async () => {
  await fake.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function serve(region: string, url: string, more: { peers?: string; withWorker?: boolean } = {}) {
  const [port = 0] = await freePorts(1);
  const env = {
    ATOLL_STORAGE: url,
    AWS_ACCESS_KEY_ID: FAKE_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: FAKE_CREDENTIALS.secretAccessKey,
    ...(more.peers !== undefined && { ATOLL_PEERS: more.peers }),
  };
  const served = await serveRegion(
    { folder, region, env, withWorker: more.withWorker ?? false },
    port,
    join(folder, `${region}-${port}.log`),
  );
  running.push(served);
  return served.wire;
}

test('what one process was pushed, another of the region serves', async () => {
  const url = fake.url('stateless', 'eu');
  const [one, other] = [await serve('eu', url), await serve('eu', url)];
  const pushed = image('stateless', [filledContent('layer', 3_000_000)]);
  await pushImage(one, 'team/app', pushed, 'v1');
  const manifest = await other.send('GET', '/v2/team/app/manifests/v1');
  expect(expectStatus('GET manifest', manifest, 200).body.equals(pushed.bytes)).toBe(true);
  for (const blob of pushed.blobs) {
    const answer = await other.send('GET', `/v2/team/app/blobs/${blob.digest}`);
    expect(answer.body.equals(blob.bytes)).toBe(true);
  }
});

test('a push to one bucket is pulled from the other', async () => {
  const [eu, us] = [fake.url('two-eu'), fake.url('two-us')];
  const [left, right] = [
    await serve('eu', eu, { peers: `us=${us}`, withWorker: true }),
    await serve('us', us, { peers: `eu=${eu}`, withWorker: true }),
  ];
  const pushed = image('between', [filledContent('between', 100_000)]);
  await pushImage(left, 'team/app', pushed, 'v1');
  const answer = await eventually(
    async () => {
      const found = await right.send('GET', '/v2/team/app/manifests/v1');
      return found.status === 200 ? found : undefined;
    },
    { timeoutMs: 20_000, what: 'the image in us' },
  );
  expect(answer.body.equals(pushed.bytes)).toBe(true);
});

test('a server that ignores conditions is refused at the start, with a sentence', async () => {
  const careless = await FakeS3.start({ ignoresConditions: true });
  try {
    await expect(serve('eu', careless.url('careless'))).rejects.toThrow(/cannot hold a registry: a put that wants/);
  } finally {
    await careless.stop();
  }
});
