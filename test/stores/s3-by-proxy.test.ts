import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { FAKE_CREDENTIALS, FakeS3 } from '@atoll/storage-s3/testing';
import { serveRegion, type Served } from '../harness/atoll.js';
import { Authority } from '../harness/authority.js';
import { filledContent, image } from '../harness/images.js';
import { pushImage } from '../harness/push.js';
import { freePorts } from '../harness/service.js';
import { TlsFront } from '../harness/tls-front.js';
import { TunnelProxy } from '../harness/tunnel-proxy.js';
import { expectStatus } from '../harness/wire.js';

const HOST = 's3.example.test';

let folder: string;
let authority: Authority;
let fake: FakeS3;
let front: TlsFront;
let proxy: TunnelProxy;
let served: Served | undefined;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-s3-by-proxy-'));
  authority = new Authority(folder);
  fake = await FakeS3.start();
  fake.url('registry');
  front = await TlsFront.start(authority.issue(HOST), Number(new URL(fake.endpoint).port));
  proxy = await TunnelProxy.start({ [HOST]: front.port });
});
afterEach(async () => {
  served?.wire.close();
  await served?.service.stop();
  served = undefined;
});
afterAll(async () => {
  await proxy.stop();
  await front.stop();
  await fake.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A network that lets nothing out but through a proxy, and a server whose certificate a private CA has signed. */
async function serve(more: NodeJS.ProcessEnv = {}): Promise<Served> {
  const [port = 0] = await freePorts(1);
  const env = {
    ATOLL_STORAGE: `s3://registry/eu?endpoint=https://${HOST}`,
    AWS_ACCESS_KEY_ID: FAKE_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: FAKE_CREDENTIALS.secretAccessKey,
    HTTPS_PROXY: proxy.url,
    NODE_EXTRA_CA_CERTS: authority.file,
    ...more,
  };
  served = await serveRegion({ folder, region: 'eu', env }, port, join(folder, `${port}.log`));
  return served;
}

test('a region reaches its bucket through the proxy that is named', async () => {
  const { wire } = await serve();
  const layer = filledContent('by proxy', 9_000_000);
  await pushImage(wire, 'team/app', image('by proxy', [layer]), 'v1');
  const answer = await wire.send('GET', `/v2/team/app/blobs/${layer.digest}`);
  expect(expectStatus('GET blob', answer, 200).body.equals(layer.bytes)).toBe(true);
  expect(proxy.hosts).toEqual([HOST]);
});

test('a host that is left out is not asked for at the proxy', async () => {
  // Whose address nobody knows, so that the start fails.
  await expect(serve({ NO_PROXY: HOST })).rejects.toThrow(/the server does not answer/);
});

test('a server whose certificate nobody vouches for is refused at the start, with a sentence', async () => {
  await expect(serve({ NODE_EXTRA_CA_CERTS: '' })).rejects.toThrow(/certificate is not trusted: NODE_EXTRA_CA_CERTS/);
});
