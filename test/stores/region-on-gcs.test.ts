import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Stand, type OperationName } from '@atoll/storage-gcs/testing';
import { filledContent, image } from '../harness/images.js';
import { pushBlob, pushImage, putManifest, withDigest } from '../harness/push.js';
import { ServedRegions } from '../harness/served-regions.js';
import { eventually } from '../harness/service.js';
import { expectStatus, headerOf, type Wire } from '../harness/wire.js';
import { AskedRequests } from './asked-requests.js';

type Counts = Partial<Record<OperationName, number>>;

let stand: Stand;
let regions: ServedRegions;
beforeAll(async () => {
  stand = await Stand.start();
  regions = new ServedRegions('on-gcs');
});
afterEach(() => regions.stop());
afterAll(async () => {
  await stand.stop();
  regions.remove();
});

async function serve(region: string, url: string, more: NodeJS.ProcessEnv = {}): Promise<Wire> {
  const env = { ATOLL_STORAGE: url, GOOGLE_APPLICATION_CREDENTIALS: stand.keyFile, ...more };
  return (await regions.serve(region, env)).wire;
}

/** Each as often as it was counted. */
function named(counts: Counts): string[] {
  return Object.entries(counts).flatMap(([name, count]) => Array<string>(count).fill(name));
}

const requests = new AskedRequests(() => named(stand.fake.takeCounts()));

async function expectRequests(step: () => Promise<unknown>, expected: Counts): Promise<void> {
  await requests.expect(step, named(expected));
}

test('what one process was pushed, another of the region serves, and a region of another bucket pulls', async () => {
  const [eu, us] = [stand.fake.url('two-eu', 'eu'), stand.fake.url('two-us')];
  const [one, other] = [await serve('eu', eu, { ATOLL_PEERS: `us=${us}` }), await serve('eu', eu)];
  const pushed = image('stateless', [filledContent('layer', 40_000_000)]);
  await pushImage(one, 'team/app', pushed, 'v1');
  for (const blob of pushed.blobs) {
    const answer = await other.send('GET', `/v2/team/app/blobs/${blob.digest}`);
    expect(answer.body.equals(blob.bytes)).toBe(true);
  }
  stand.fake.takeCounts();
  const right = await serve('us', us, { ATOLL_PEERS: `eu=${eu}` });
  const isThere = async () => {
    const found = await right.send('GET', '/v2/team/app/manifests/v1');
    return found.status === 200 ? found : undefined;
  };
  const answer = await eventually(isThere, { timeoutMs: 20_000, what: 'the image in us' });
  expect(answer.body.equals(pushed.bytes)).toBe(true);
  // The layer went from bucket to bucket.
  expect(stand.fake.takeCounts()).toMatchObject({ RewriteObject: expect.any(Number) });
});

/** With two blobs: the intent, their links and records, the manifest, the tag, the look whether it still stands, the journal. */
const PUSH_OF_MANIFEST: Counts = { InsertObject: 4, GetObject: 5, GetMetadata: 1, DeleteObject: 1 };

test.each<{ sizeBytes: number; data: Counts; reads: number }>([
  // Its bytes are still in memory, and only whether it is in the repository is looked at.
  { sizeBytes: 1_000, data: { InsertObject: 3 }, reads: 1 },
  { sizeBytes: 4_000_000, data: { InsertObject: 3 }, reads: 2 },
  {
    sizeBytes: 30_000_000,
    data: { InsertObject: 2, CreateMultipartUpload: 1, UploadPart: 4, CompleteMultipartUpload: 1 },
    reads: 2,
  },
])(
  'each request of a client about $sizeBytes bytes takes a fixed number to the bucket',
  async ({ sizeBytes, data, reads }) => {
    const wire = await serve('eu', stand.fake.url('counted'));
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
    await expectRequests(() => pushBlob(wire, 'team/app', layer), { GetObject: 1, ...data });
    await expectRequests(() => putManifest(wire, 'team/app', pushed, tag), PUSH_OF_MANIFEST);
    await expectRequests(() => wire.send('GET', `/v2/team/app/blobs/${layer.digest}`), { GetObject: reads });
    await expectRequests(() => wire.send('HEAD', `${manifests}${tag}`), { GetObject: 1, GetMetadata: 1 });
    await expectRequests(() => wire.send('GET', `${manifests}${tag}`), { GetObject: 2 });
    await expectRequests(() => wire.send('GET', `${manifests}${pushed.digest}`), { GetObject: 1 });
    await expectRequests(() => wire.send('GET', '/v2/team/app/tags/list'), { ListObjects: 1 });
    await expectRequests(() => wire.send('GET', '/v2/_catalog'), { ListObjects: 1 });
    await expectRequests(() => wire.send('GET', `/v2/team/app/referrers/${pushed.digest}`), { GetObject: 1 });
    await expectRequests(() => wire.send('POST', mount), { GetObject: 2, InsertObject: 1 });
    await expectRequests(() => wire.send('DELETE', `${manifests}${tag}`), {
      GetObject: 2,
      InsertObject: 3,
      DeleteObject: 1,
    });
  },
);

test.each([20_000_000, 100_000_000])('committing %i bytes takes the same few requests', async (sizeBytes) => {
  const wire = await serve('eu', stand.fake.url('committed'));
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
  // The session and its last part, that it is being committed, that it is; the link and the record.
  const session: Counts = { GetObject: 1, InsertObject: 4, UploadPart: 1, CompleteMultipartUpload: 1 };
  await expectRequests(commit, session);
});

test('a client is sent to the bucket for the bytes of a blob, by a URL that the bucket takes', async () => {
  const wire = await serve('eu', stand.fake.url('redirected'), { ATOLL_REDIRECTS: 'on' });
  const layer = filledContent('redirected', 9_000_000);
  await pushBlob(wire, 'team/app', layer);
  await requests.quiet();
  const answer = await wire.send('GET', `/v2/team/app/blobs/${layer.digest}`);
  expect(stand.fake.takeCounts()).toEqual({ GetObject: 1 });
  const location = headerOf(expectStatus('GET blob', answer, 307), 'Location');
  expect(location.startsWith(`${stand.fake.endpoint}/redirected/d/`)).toBe(true);
  const there = await fetch(location, { headers: { range: 'bytes=1000000-1999999' } });
  expect(there.status).toBe(206);
  expect(Buffer.from(await there.arrayBuffer()).equals(layer.bytes.subarray(1_000_000, 2_000_000))).toBe(true);
});

test('a bucket that is not there is refused at the start, with a sentence', async () => {
  const nowhere = stand.fake.url('x').replace('gs://x/', 'gs://nowhere/');
  await expect(serve('eu', nowhere)).rejects.toThrow(/there is no such bucket/);
});

test('an identity that may not write is refused at the start, with the permission it lacks', async () => {
  stand.fake.denied.add('storage.objects.create');
  try {
    await expect(serve('eu', stand.fake.url('denied'))).rejects.toThrow(/the identity lacks storage\.objects\.create/);
  } finally {
    stand.fake.denied.clear();
  }
});
