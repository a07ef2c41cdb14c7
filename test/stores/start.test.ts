import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Stand as GcsStand } from '@atoll/storage-gcs/testing';
import { FAKE_CREDENTIALS, FakeS3 } from '@atoll/storage-s3/testing';
import { plainEnvironment, serveRegion, type Served } from '../harness/atoll.js';
import { atollMain } from '../harness/checkout.js';
import { freePorts } from '../harness/service.js';

const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: FAKE_CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: FAKE_CREDENTIALS.secretAccessKey,
};

let fake: FakeS3;
let folder: string;
let served: Served | undefined;
beforeEach(async () => {
  fake = await FakeS3.start();
  folder = mkdtempSync(join(tmpdir(), 'atoll-start-'));
});
afterEach(async () => {
  served?.wire.close();
  await served?.service.stop();
  served = undefined;
  await fake.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly status: number;
  readonly said: string;
}

/** A start that is expected to end by itself. */
function start(storage: string, env: NodeJS.ProcessEnv = {}, command = 'serve'): Promise<Ended> {
  const settings = { ATOLL_REGION: 'eu', ATOLL_STORAGE: storage, ATOLL_PORT: '0' };
  const options = { env: { ...plainEnvironment(), ...settings, ...CREDENTIALS, ...env }, timeout: 90_000 };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [atollMain(), command], options, (_error, _stdout, said) =>
      resolve({ status: child.exitCode ?? -1, said }),
    );
  });
}

/** One line that begins with the bucket and goes on to say what is wrong and what to do. */
function expectSentence({ status, said }: Ended, wrong: RegExp, toDo: RegExp): void {
  expect([said, status]).toEqual([expect.stringMatching(/^atoll: [^\n]+\n$/), 2]);
  expect(said).toMatch(wrong);
  expect(said).toMatch(toDo);
}

test('credentials, a bucket, a clock that are wrong and an account that is full are told in a sentence', async () => {
  const url = fake.url('bucket', 'eu');
  expectSentence(
    await start(url, { AWS_SECRET_ACCESS_KEY: 'wrong' }),
    /the secret key is not that of the access key/,
    /; check whose credentials these are, .* docs\/drivers\/s3\.md lists$/m,
  );
  expectSentence(
    await start(url.replace('bucket', 'nobodys'), {}, 'work'),
    /there is no such bucket/,
    /; check the endpoint, the name and the region of the bucket/,
  );
  fake.skewMs = 120_000;
  expectSentence(await start(url), /this machine's clock is 1\d\d s behind the server's/, /the clock of this machine/);
  fake.skewMs = 0;
  fake.faults.weather = (name) =>
    name === 'PutObject' ? { kind: 'refuse', status: 403, code: 'QuotaExceeded' } : undefined;
  expectSentence(await start(url), /the quota is used up/, /; make room, or ask for a larger quota/);
}, 120_000);

test('each single permission that is missing is named', async () => {
  for (const action of ['GetObject', 'PutObject', 'DeleteObject', 'ListBucket', 'AbortMultipartUpload']) {
    fake.denied.clear();
    fake.denied.add(`s3:${action}`);
    expectSentence(await start(fake.url('bucket', 'eu')), new RegExp(`s3:${action}`), /check whose credentials/);
  }
}, 120_000);

test('a setting that endangers what is kept stops the start', async () => {
  const url = fake.url('bucket', 'eu');
  const bucket = fake.bucket('bucket');
  const days = (rule: string) => `<Rule><ID>tidy up</ID><Status>Enabled</Status>${rule}</Rule>`;
  bucket.settings = {
    lifecycle: days('<Filter><Prefix>eu/d/</Prefix></Filter><Expiration><Days>9</Days></Expiration>'),
  };
  expectSentence(
    await start(url),
    /the rule "tidy up" of the bucket expires objects that the registry still needs/,
    /change the setting that is in the way: docs\/drivers\/s3\.md/,
  );
  bucket.settings = {
    objectLock: '<Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>9</Days></DefaultRetention></Rule>',
  };
  expectSentence(await start(url, {}, 'work'), /the bucket retains every version by default/, /change the setting/);
}, 60_000);

test('a retention policy of a bucket on GCS is told as such', async () => {
  const gcs = await GcsStand.start();
  gcs.fake.bucket('bucket').settings = { retentionPolicy: { retentionPeriod: '3600', isLocked: true } };
  const ended = await start(gcs.fake.url('bucket', 'eu'), { GOOGLE_APPLICATION_CREDENTIALS: gcs.keyFile });
  await gcs.stop();
  expectSentence(ended, /a retention policy that is locked of 3600 s/, /docs\/drivers\/gcs\.md/);
}, 60_000);

async function serve(env: NodeJS.ProcessEnv): Promise<string> {
  const [port = 0] = await freePorts(1);
  const all = { ATOLL_STORAGE: fake.url('bucket', 'eu'), ...CREDENTIALS, ...env };
  served = await serveRegion({ folder, region: 'eu', env: all, withWorker: true }, port, join(folder, 'log'));
  return served.service.tail(100);
}

test('a setting that only costs, and one that may not be seen, are a warning', async () => {
  const url = fake.url('bucket', 'eu');
  fake.bucket('bucket').settings = { versioning: '<Status>Enabled</Status>' };
  fake.denied.add('s3:GetLifecycleConfiguration').add('s3:GetBucketObjectLockConfiguration');
  const log = await serve({ ATOLL_STORAGE: url });
  expect(log).toMatch(/"settings":"versioning","meaning":"the bucket keeps every version.*"level":"warn"/);
  expect(log).toMatch(/"settings":"object lock, lifecycle","meaning":"these credentials may not ask.*"level":"warn"/);
}, 60_000);

test('a region starts and takes pushes while its peers are away, or take connections and say nothing', async () => {
  const mute: Server = createServer(() => undefined);
  await once(mute.listen(0, '127.0.0.1'), 'listening');
  const { port } = mute.address() as AddressInfo;
  const peer = (at: number) => `s3://peer/x?endpoint=http://127.0.0.1:${at}`;
  await serve({ ATOLL_PEERS: `us=${peer(1)},ap=${peer(port)},af=file://${folder}/nowhere` });
  const pushed = await served?.wire.send('PUT', '/v2/team/app/manifests/1', {
    headers: { 'Content-Type': 'application/vnd.oci.image.index.v1+json' },
    body: Buffer.from('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'),
  });
  expect(pushed?.status).toBe(201);
  await served?.service.stop();
  mute.close();
}, 60_000);

test('an endpoint that takes connections and says nothing is told after a while', async () => {
  const mute: Server = createServer(() => undefined);
  await once(mute.listen(0, '127.0.0.1'), 'listening');
  const { port } = mute.address() as AddressInfo;
  const ended = await start(`s3://bucket/eu?endpoint=http://127.0.0.1:${port}`);
  mute.close();
  expectSentence(ended, /does not answer/, /; check the endpoint/);
}, 100_000);
