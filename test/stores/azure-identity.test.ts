import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { EnclosedRegion } from '../harness/enclosed-region.js';
import { filledContent, image } from '../harness/images.js';
import { pushImage } from '../harness/push.js';
import { expectStatus, headerOf } from '../harness/wire.js';
import { Azurite, AZURITE_ACCOUNT } from './azurite.js';
import { ENTRA_HOST, FakeEntra } from './fake-entra.js';

const STORAGE_HOST = `${AZURITE_ACCOUNT}.blob.core.windows.net`;
const WORKLOAD = {
  tenantId: '11111111-2222-3333-4444-555555555555',
  clientId: '66666666-7777-8888-9999-000000000000',
  federatedToken: 'signed-by-the-cluster',
};

let network: EnclosedRegion;
let azurite: Azurite;
let entra: FakeEntra;
beforeAll(async () => {
  network = new EnclosedRegion('azure-identity');
  const { authority } = network;
  const certificate = authority.issue(STORAGE_HOST, '127.0.0.1');
  azurite = await Azurite.start({ certificate, ca: readFileSync(authority.file, 'utf8') });
  entra = await FakeEntra.start(WORKLOAD, authority.issue(ENTRA_HOST));
  await network.openWayTo({ [STORAGE_HOST]: Number(azurite.origin.port), [ENTRA_HOST]: entra.port });
}, 600_000);
afterEach(() => network.stopServing());
afterAll(async () => {
  await network.remove();
  await entra.stop();
  await azurite.stop();
});

/** What the webhook of AKS sets in a pod. */
function podEnvironment(federatedToken = WORKLOAD.federatedToken): NodeJS.ProcessEnv {
  const tokenFile = join(network.folder, 'token');
  writeFileSync(tokenFile, federatedToken);
  return {
    AZURE_TENANT_ID: WORKLOAD.tenantId,
    AZURE_CLIENT_ID: WORKLOAD.clientId,
    AZURE_FEDERATED_TOKEN_FILE: tokenFile,
    AZURE_AUTHORITY_HOST: `https://${ENTRA_HOST}/`,
    ATOLL_STORAGE: `az://${AZURITE_ACCOUNT}/registry/identity`,
    ATOLL_REDIRECTS: 'on',
  };
}

test('a workload on AKS needs no secret, and clients are sent to the container', async () => {
  const { wire, service } = await network.serve(podEnvironment());
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
  expect(network.hosts).toEqual([STORAGE_HOST, ENTRA_HOST]);
  expect(service.tail(10_000)).not.toMatch(/sig=|signed-by-the-cluster|Bearer/);
});

test('a workload that Entra does not know is refused at the start, with a sentence', async () => {
  await expect(network.serve(podEnvironment('signed-by-another-cluster'))).rejects.toThrow(
    /no token was to be had for the identity/,
  );
});

test('a server whose certificate nobody vouches for is refused at the start, with a sentence', async () => {
  const trusting = { ...podEnvironment(), ...azurite.environment, NODE_EXTRA_CA_CERTS: '' };
  await expect(network.serve(trusting)).rejects.toThrow(/certificate is not trusted: see NODE_EXTRA_CA_CERTS/);
});

async function fetchFromAzurite(url: URL, headers: Record<string, string>): Promise<Buffer> {
  const options = {
    host: '127.0.0.1',
    port: azurite.origin.port,
    servername: url.host,
    path: url.pathname + url.search,
    headers: { ...headers, host: url.host },
    ca: readFileSync(network.authority.file),
  };
  const [answer] = (await once(get(options), 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  expect(answer.statusCode).toBe(206);
  return Buffer.concat(chunks);
}
