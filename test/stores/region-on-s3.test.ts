import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { FAKE_CREDENTIALS, FakeS3 } from '@atoll/storage-s3/testing';
import { filledContent, image } from '../harness/images.js';
import { pushBlob, pushImage, putManifest, withDigest } from '../harness/push.js';
import { ServedRegions } from '../harness/served-regions.js';
import { eventually } from '../harness/service.js';
import { expectStatus, headerOf, type Wire } from '../harness/wire.js';
import { AskedRequests } from './asked-requests.js';

let fake: FakeS3;
let regions: ServedRegions;
beforeAll(async () => {
  fake = await FakeS3.start();
  regions = new ServedRegions('on-s3');
});
afterEach(() => regions.stop());
afterAll(async () => {
  await fake.stop();
  regions.remove();
});

async function serve(region: string, url: string, peers?: string): Promise<Wire> {
  const env = {
    ATOLL_STORAGE: url,
    AWS_ACCESS_KEY_ID: FAKE_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: FAKE_CREDENTIALS.secretAccessKey,
    ...(peers !== undefined && { ATOLL_PEERS: peers }),
  };
  return (await regions.serve(region, env)).wire;
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
  const [left, right] = [await serve('eu', eu, `us=${us}`), await serve('us', us, `eu=${eu}`)];
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
const requests = new AskedRequests(() =>
  fake.requests.splice(0).map(({ name, key }) => `${name} ${key.split('/')[0]}`),
);

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
    await requests.quiet();

    const manifests = '/v2/team/app/manifests/';
    const mount = `/v2/team/other/blobs/uploads/?mount=${layer.digest}&from=team/app`;
    await requests.expect(() => pushBlob(wire, 'team/app', layer), ['GetObject u', ...data, ...COMMIT]);
    await requests.expect(() => putManifest(wire, 'team/app', pushed, tag), PUSH_OF_MANIFEST);
    await requests.expect(() => wire.send('GET', `/v2/team/app/blobs/${layer.digest}`), read);
    await requests.expect(() => wire.send('HEAD', `/v2/team/app/blobs/${layer.digest}`), ['GetObject l']);
    await requests.expect(() => wire.send('HEAD', `${manifests}${tag}`), ['GetObject r', 'HeadObject r']);
    await requests.expect(() => wire.send('GET', `${manifests}${tag}`), ['GetObject r', 'GetObject r']);
    await requests.expect(() => wire.send('GET', `${manifests}${pushed.digest}`), ['GetObject r']);
    await requests.expect(() => wire.send('GET', '/v2/team/app/tags/list'), ['ListObjectsV2 r']);
    await requests.expect(() => wire.send('GET', '/v2/_catalog'), ['ListObjectsV2 c']);
    await requests.expect(() => wire.send('GET', `/v2/team/app/referrers/${pushed.digest}`), ['GetObject r']);
    await requests.expect(() => wire.send('POST', mount), ['GetObject l', 'PutObject l', 'GetObject b']);
    await requests.expect(
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
  await requests.quiet();
  const commit = async () => {
    const answer = await wire.send('PUT', withDigest(headerOf(patched, 'Location'), digest));
    expectStatus('PUT blob', answer, 201);
  };
  await requests.expect(commit, [...COMMIT_OF_SESSION, ...COMMIT]);
});

test('a server that ignores conditions is refused at the start, with a sentence', async () => {
  const careless = await FakeS3.start({ ignoresConditions: true });
  try {
    await expect(serve('eu', careless.url('careless'))).rejects.toThrow(/cannot hold a registry: a put that wants/);
  } finally {
    await careless.stop();
  }
});
