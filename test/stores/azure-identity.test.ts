import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { serveRegion, type Served } from '../harness/atoll.js';
import { Authority } from '../harness/authority.js';
import { filledContent, image } from '../harness/images.js';
import { pushImage } from '../harness/push.js';
import { freePorts } from '../harness/service.js';
import { TunnelProxy } from '../harness/tunnel-proxy.js';
import { expectStatus, headerOf } from '../harness/wire.js';
import { Azurite, AZURITE_ACCOUNT } from './azurite.js';
import { ENTRA_HOST, FakeEntra } from './fake-entra.js';

const STORAGE_HOST = `${AZURITE_ACCOUNT}.blob.core.windows.net`;
const WORKLOAD = {
  tenantId: '11111111-2222-3333-4444-555555555555',
  clientId: '66666666-7777-8888-9999-000000000000',
  federatedToken: 'signed-by-the-cluster',
};

let folder: string;
let authority: Authority;
let azurite: Azurite;
let entra: FakeEntra;
let proxy: TunnelProxy;
let served: Served | undefined;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-azure-identity-'));
  authority = new Authority(folder);
  const certificate = authority.issue(STORAGE_HOST, '127.0.0.1');
  azurite = await Azurite.start({ certificate, ca: readFileSync(authority.file, 'utf8') });
  entra = await FakeEntra.start(WORKLOAD, authority.issue(ENTRA_HOST));
  proxy = await TunnelProxy.start({ [STORAGE_HOST]: Number(azurite.origin.port), [ENTRA_HOST]: entra.port });
  writeFileSync(join(folder, 'token'), WORKLOAD.federatedToken);
}, 600_000);
afterEach(async () => {
  served?.wire.close();
  await served?.service.stop();
  served = undefined;
});
afterAll(async () => {
  await proxy.stop();
  await entra.stop();
  await azurite.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What the webhook of AKS sets in a pod, on a network that lets nothing out but through a proxy. */
function podEnvironment(): NodeJS.ProcessEnv {
  return {
    AZURE_TENANT_ID: WORKLOAD.tenantId,
    AZURE_CLIENT_ID: WORKLOAD.clientId,
    AZURE_FEDERATED_TOKEN_FILE: join(folder, 'token'),
    AZURE_AUTHORITY_HOST: `https://${ENTRA_HOST}/`,
    HTTPS_PROXY: proxy.url,
    NODE_EXTRA_CA_CERTS: authority.file,
    ATOLL_STORAGE: `az://${AZURITE_ACCOUNT}/registry/identity`,
    ATOLL_REDIRECTS: 'on',
  };
}

async function serve(env: NodeJS.ProcessEnv): Promise<Served> {
  const [port = 0] = await freePorts(1);
  served = await serveRegion({ folder, region: 'eu', env }, port, join(folder, `${port}.log`));
  return served;
}

test('a workload on AKS needs no secret, and clients are sent to the container', async () => {
  const { wire, service } = await serve(podEnvironment());
  const layer = filledContent('identity', 9_000_000);
  await pushImage(wire, 'team/app', image('identity', [layer]), 'v1');
  expectStatus('GET manifest', await wire.send('GET', '/v2/team/app/manifests/v1'), 200);

  const answer = await wire.send('GET', `/v2/team/app/blobs/${layer.digest}`);
  const location = new URL(headerOf(expectStatus('GET blob', answer, 307), 'Location'));
  expect(location.origin).toBe(`https://${STORAGE_HOST}`);
  // The identity's own key has signed it.
  expect(location.searchParams.get('skoid')).toBe(WORKLOAD.clientId);
  expect((await fetchFromAzurite(location, { range: 'bytes=100-199' })).equals(layer.bytes.subarray(100, 200))).toBe(
    true,
  );

  expect(entra.given).toBe(1);
  expect(proxy.hosts).toEqual([STORAGE_HOST, ENTRA_HOST]);
  expect(service.tail(10_000)).not.toMatch(/sig=|signed-by-the-cluster|Bearer/);
});

test('a workload that Entra does not know is refused at the start, with a sentence', async () => {
  writeFileSync(join(folder, 'stranger'), 'signed-by-another-cluster');
  const env = { ...podEnvironment(), AZURE_FEDERATED_TOKEN_FILE: join(folder, 'stranger') };
  await expect(serve(env)).rejects.toThrow(/no token was to be had for the identity/);
});

test('a server whose certificate nobody vouches for is refused at the start, with a sentence', async () => {
  const trusting = podEnvironment();
  delete trusting['NODE_EXTRA_CA_CERTS'];
  const withKey = { ...trusting, ...azurite.environment };
  await expect(serve(withKey)).rejects.toThrow(/certificate is not trusted: see NODE_EXTRA_CA_CERTS/);
});

async function fetchFromAzurite(url: URL, headers: Record<string, string>): Promise<Buffer> {
  const options = {
    host: '127.0.0.1',
    port: azurite.origin.port,
    servername: url.host,
    path: url.pathname + url.search,
    headers: { ...headers, host: url.host },
    ca: readFileSync(authority.file),
  };
  const [answer] = (await once(get(options), 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  expect(answer.statusCode).toBe(206);
  return Buffer.concat(chunks);
}
