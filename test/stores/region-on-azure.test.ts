import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { filledContent, image } from '../harness/images.js';
import { pushBlob, pushImage, putManifest, withDigest } from '../harness/push.js';
import { ServedRegions } from '../harness/served-regions.js';
import { eventually } from '../harness/service.js';
import { expectStatus, headerOf, type Wire } from '../harness/wire.js';
import { AskedRequests } from './asked-requests.js';
import { Azurite } from './azurite.js';
import { FaultProxy, type Passing } from './fault-proxy.js';

let azurite: Azurite;
let proxy: FaultProxy;
let regions: ServedRegions;
beforeAll(async () => {
  azurite = await Azurite.start();
  proxy = await FaultProxy.start(azurite.origin);
  regions = new ServedRegions('on-azure');
}, 600_000);
afterEach(() => regions.stop());
afterAll(async () => {
  await proxy.stop();
  await azurite.stop();
  regions.remove();
});

async function serve(region: string, url: string, peers?: string): Promise<Wire> {
  const env = { ...azurite.environment, ATOLL_STORAGE: url, ...(peers !== undefined && { ATOLL_PEERS: peers }) };
  return (await regions.serve(region, env)).wire;
}

test('what one process was pushed, another of the region serves', async () => {
  const url = azurite.url('stateless');
  const [one, other] = [await serve('eu', url), await serve('eu', url)];
  const pushed = image('stateless', [filledContent('layer', 9_000_000)]);
  await pushImage(one, 'team/app', pushed, 'v1');
  const manifest = await other.send('GET', '/v2/team/app/manifests/v1');
  expect(expectStatus('GET manifest', manifest, 200).body.equals(pushed.bytes)).toBe(true);
  for (const blob of pushed.blobs) {
    const answer = await other.send('GET', `/v2/team/app/blobs/${blob.digest}`);
    expect(answer.body.equals(blob.bytes)).toBe(true);
  }
});

test('a push to one container is pulled from the other, and no blob passed through a process in between', async () => {
  const through = { origin: proxy.origin };
  const [eu, us] = [azurite.url('two-eu', through), azurite.url('two-us', { ...through, container: 'peer' })];
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
  const data = proxy.takePassed().filter(({ path }) => path.includes('/d/'));
  const copies = pushed.blobs.map(() => 'Put Blob From URL');
  expect(data.filter(({ path }) => path.includes('/two-us/')).map(({ operation }) => operation)).toEqual(copies);
  expect(data.filter(({ operation }) => operation === 'Get Blob')).toEqual([]);
});

/** What every request of a region to its container is for: the operation, and the first segment of the key. */
function purposeOf({ operation, path }: Passing): string {
  return `${operation} ${/\/counted\/(\w+)\/|=counted%2F(\w+)%2F/.exec(path)?.slice(1).join('') ?? path}`;
}

const requests = new AskedRequests(() => proxy.takePassed().map(purposeOf));

const COMMIT = ['Put Blob l', 'Put Blob b'];
/** The session, what ends in it, whether the upload was given up, and the list of its blocks. */
const COMMIT_OF_SESSION = [
  ...['Get Blob u', 'Put Blob u', 'Get Block List d', 'Put Block List d', 'Put Blob u'],
  ...COMMIT,
];
/** With two blobs: the intent, their links and records, the manifest, the tag, the look whether it still stands, the journal. */
const PUSH_OF_MANIFEST = [
  ...['Put Blob r', 'Get Blob l', 'Get Blob l', 'Get Blob b', 'Get Blob b', 'Put Blob r'],
  ...['Get Blob r', 'Put Blob r', 'Head Blob r', 'Put Blob jr', 'Delete Blob r'],
];

test.each([
  // A small blob that was just pushed is still in memory.
  { sizeBytes: 1_000, data: ['Put Blob d'], read: ['Get Blob l'] },
  { sizeBytes: 4_000_000, data: ['Put Blob d'], read: ['Get Blob l', 'Get Blob d'] },
  {
    sizeBytes: 30_000_000,
    data: [...Array<string>(4).fill('Put Block d'), 'Put Block List d'],
    read: ['Get Blob l', 'Get Blob d'],
  },
])(
  'each request of a client about $sizeBytes bytes takes a fixed number to the container',
  async ({ sizeBytes, data, read }) => {
    const wire = await serve('eu', azurite.url('counted', { origin: proxy.origin }));
    const layer = filledContent(`counted-${sizeBytes}`, sizeBytes);
    const pushed = image(`counted-${sizeBytes}`, [layer]);
    const tag = `v-${sizeBytes}`;
    // What the first push to a repository makes, the later ones find.
    await pushImage(wire, 'team/app', image('first', [filledContent('first', 10)]), 'v0');
    await pushImage(wire, 'team/other', image('first', [filledContent('first', 10)]), 'v0');
    for (const blob of pushed.blobs.filter(({ digest }) => digest !== layer.digest))
      await pushBlob(wire, 'team/app', blob);
    await requests.quiet();

    const blobUrl = `/v2/team/app/blobs/${layer.digest}`;
    const manifests = '/v2/team/app/manifests/';
    const mount = `/v2/team/other/blobs/uploads/?mount=${layer.digest}&from=team/app`;
    await requests.expect(() => pushBlob(wire, 'team/app', layer), ['Get Blob u', ...data, ...COMMIT]);
    await requests.expect(() => putManifest(wire, 'team/app', pushed, tag), PUSH_OF_MANIFEST);
    await requests.expect(() => wire.send('GET', blobUrl), read);
    await requests.expect(() => wire.send('HEAD', `${manifests}${tag}`), ['Get Blob r', 'Head Blob r']);
    await requests.expect(() => wire.send('GET', `${manifests}${tag}`), ['Get Blob r', 'Get Blob r']);
    await requests.expect(() => wire.send('GET', `${manifests}${pushed.digest}`), ['Get Blob r']);
    await requests.expect(() => wire.send('GET', '/v2/team/app/tags/list'), ['List Blobs r']);
    await requests.expect(() => wire.send('GET', '/v2/_catalog'), ['List Blobs c']);
    await requests.expect(() => wire.send('GET', `/v2/team/app/referrers/${pushed.digest}`), ['Get Blob r']);
    await requests.expect(() => wire.send('POST', mount), ['Get Blob l', 'Put Blob l', 'Get Blob b']);
  },
);

test.each([5_000_000, 50_000_000])('committing %i bytes takes the same few requests', async (sizeBytes) => {
  const wire = await serve('eu', azurite.url('counted', { origin: proxy.origin }));
  await pushImage(wire, 'team/app', image('first', [filledContent('first', 10)]), 'v0');
  const { bytes, digest } = filledContent(`committed-${sizeBytes}`, sizeBytes);
  const opened = await wire.send('POST', '/v2/team/app/blobs/uploads/');
  const octets = { 'Content-Type': 'application/octet-stream' };
  const patched = await wire.send('PATCH', headerOf(opened, 'Location'), { headers: octets, body: bytes });
  await requests.quiet();
  await requests.expect(async () => {
    const answer = await wire.send('PUT', withDigest(headerOf(patched, 'Location'), digest));
    expectStatus('PUT blob', answer, 201);
  }, COMMIT_OF_SESSION);
});

test('a container that is not there is refused at the start, with a sentence', async () => {
  const nowhere = azurite.url('x').replace('/registry/', '/nowhere/');
  await expect(serve('eu', nowhere)).rejects.toThrow(/there is no such container/);
});
