import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { FAKE_CREDENTIALS, FakeS3 } from '@atoll/storage-s3/testing';
import { serveRegion, type Served } from '../harness/atoll.js';
import { filledContent, image } from '../harness/images.js';
import { pushBlob, pushImage, putManifest, withDigest } from '../harness/push.js';
import { eventually, freePorts } from '../harness/service.js';
import { expectStatus, headerOf } from '../harness/wire.js';

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

/** What every request was for: the operation, and the first segment of the key. */
function takePurposes(): string[] {
  return fake.requests.splice(0).map(({ name, key }) => `${name} ${key.split('/')[0]}`);
}

/** Makes a step, and waits for the requests that follow its answer. More than are expected meet the next step. */
async function expectRequests(step: () => Promise<unknown>, expected: readonly string[]): Promise<void> {
  await step();
  const made: string[] = [];
  const allThere = async () => made.push(...takePurposes()) >= expected.length || undefined;
  await eventually(allThere, { timeoutMs: 5_000, what: `${expected.length} requests` }).catch(() => undefined);
  expect(made.toSorted()).toEqual(expected.toSorted());
}

async function quiet(): Promise<void> {
  const nothing = async () => takePurposes().length === 0 || undefined;
  await eventually(nothing, { timeoutMs: 5_000, everyMs: 200, what: 'no requests' });
}

const COMMIT = ['PutObject l', 'PutObject b'];
/** With two blobs: the intent, their links and records, the manifest, the tag, the look whether it still stands, the journal. */
const PUSH_OF_MANIFEST = [
  ...['PutObject r', 'GetObject l', 'GetObject l', 'GetObject b', 'GetObject b', 'PutObject r'],
  ...['GetObject r', 'PutObject r', 'HeadObject r', 'PutObject jr', 'DeleteObject r'],
];

test.each([
  // A small blob that was just pushed is still in memory.
  { sizeBytes: 1_000, data: ['PutObject d'], read: ['GetObject l'] },
  { sizeBytes: 8_000_000, data: ['PutObject d'], read: ['GetObject l', 'GetObject d'] },
  {
    sizeBytes: 30_000_000,
    data: ['CreateMultipartUpload d', ...Array<string>(4).fill('UploadPart d'), 'CompleteMultipartUpload d'],
    read: ['GetObject l', 'GetObject d'],
  },
])(
  'each request of a client about $sizeBytes bytes takes a fixed number to the bucket',
  async ({ sizeBytes, data, read }) => {
    const wire = await serve('eu', fake.url('counted'));
    const layer = filledContent(`counted-${sizeBytes}`, sizeBytes);
    const pushed = image(`counted-${sizeBytes}`, [layer]);
    const tag = `v-${sizeBytes}`;
    // What the first push to a repository makes, the later ones find.
    await pushImage(wire, 'team/app', image('first', [filledContent('first', 10)]), 'v0');
    await pushImage(wire, 'team/other', image('first', [filledContent('first', 10)]), 'v0');
    for (const blob of pushed.blobs) if (blob.digest !== layer.digest) await pushBlob(wire, 'team/app', blob);
    await quiet();

    const manifests = '/v2/team/app/manifests/';
    const mount = `/v2/team/other/blobs/uploads/?mount=${layer.digest}&from=team/app`;
    await expectRequests(() => pushBlob(wire, 'team/app', layer), ['GetObject u', ...data, ...COMMIT]);
    await expectRequests(() => putManifest(wire, 'team/app', pushed, tag), PUSH_OF_MANIFEST);
    await expectRequests(() => wire.send('GET', `/v2/team/app/blobs/${layer.digest}`), read);
    await expectRequests(() => wire.send('HEAD', `/v2/team/app/blobs/${layer.digest}`), ['GetObject l']);
    await expectRequests(() => wire.send('HEAD', `${manifests}${tag}`), ['GetObject r', 'HeadObject r']);
    await expectRequests(() => wire.send('GET', `${manifests}${tag}`), ['GetObject r', 'GetObject r']);
    await expectRequests(() => wire.send('GET', `${manifests}${pushed.digest}`), ['GetObject r']);
    await expectRequests(() => wire.send('GET', '/v2/team/app/tags/list'), ['ListObjectsV2 r']);
    await expectRequests(() => wire.send('GET', '/v2/_catalog'), ['ListObjectsV2 c']);
    await expectRequests(() => wire.send('GET', `/v2/team/app/referrers/${pushed.digest}`), ['GetObject r']);
    await expectRequests(() => wire.send('POST', mount), ['GetObject l', 'PutObject l', 'GetObject b']);
    await expectRequests(
      () => wire.send('DELETE', `${manifests}${tag}`),
      ['PutObject r', 'GetObject r', 'GetObject r', 'PutObject r', 'PutObject jr', 'DeleteObject r'],
    );
  },
);

/** The session, its last part, what it becomes; then link and record. */
const COMMIT_OF_SESSION = ['GetObject u', 'UploadPart d', 'CompleteMultipartUpload d', 'PutObject u', 'PutObject u'];

test.each([20_000_000, 200_000_000])('committing %i bytes takes the same few requests', async (sizeBytes) => {
  const wire = await serve('eu', fake.url('committed'));
  await pushImage(wire, 'team/app', image('first', [filledContent('first', 10)]), 'v0');
  const { bytes, digest } = filledContent(`committed-${sizeBytes}`, sizeBytes);
  const opened = await wire.send('POST', '/v2/team/app/blobs/uploads/');
  const octets = { 'Content-Type': 'application/octet-stream' };
  const patched = await wire.send('PATCH', headerOf(opened, 'Location'), { headers: octets, body: bytes });
  await quiet();
  const commit = async () => {
    const answer = await wire.send('PUT', withDigest(headerOf(patched, 'Location'), digest));
    expectStatus('PUT blob', answer, 201);
  };
  await expectRequests(commit, [...COMMIT_OF_SESSION, ...COMMIT]);
});

test('a server that ignores conditions is refused at the start, with a sentence', async () => {
  const careless = await FakeS3.start({ ignoresConditions: true });
  try {
    await expect(serve('eu', careless.url('careless'))).rejects.toThrow(/cannot hold a registry: a put that wants/);
  } finally {
    await careless.stop();
  }
});
