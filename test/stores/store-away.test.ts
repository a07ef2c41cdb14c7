import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FAKE_CREDENTIALS, FakeS3 } from '@atoll/storage-s3/testing';
import { serveRegion, type Served } from '../harness/atoll.js';
import { filledContent, image } from '../harness/images.js';
import { LoopbackServer } from '../harness/loopback-server.js';
import { pushImage } from '../harness/push.js';
import { eventually, freePorts } from '../harness/service.js';

/** The way to a bucket, which can be closed: then every connection ends, as when a cable is pulled or a server dies. */
class Way extends LoopbackServer {
  open = true;

  private constructor(private readonly target: URL) {
    super(createServer());
    this.server.on('connection', (client) => this.#pass(client));
  }

  static start(target: URL): Promise<Way> {
    return new Way(target).listening();
  }

  close(): void {
    this.open = false;
    this.cutAll();
  }

  #pass(client: Socket): void {
    if (!this.open) return void client.destroy();
    const bucket = connect(Number(this.target.port), this.target.hostname);
    for (const socket of [client, bucket]) {
      for (const event of ['error', 'close']) socket.on(event, () => [client, bucket].forEach((one) => one.destroy()));
    }
    client.pipe(bucket).pipe(client);
  }
}

let fake: FakeS3;
let way: Way;
let folder: string;
let served: Served;
beforeAll(async () => {
  fake = await FakeS3.start();
  way = await Way.start(new URL(fake.endpoint));
  folder = mkdtempSync(join(tmpdir(), 'atoll-store-away-'));
  const { host } = new URL(fake.endpoint);
  const env = {
    ATOLL_STORAGE: fake.url('bucket', 'eu').replace(host, way.host),
    AWS_ACCESS_KEY_ID: FAKE_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: FAKE_CREDENTIALS.secretAccessKey,
  };
  const [port = 0] = await freePorts(1);
  served = await serveRegion({ folder, region: 'eu', env, withWorker: true }, port, join(folder, 'eu.log'));
}, 60_000);
afterAll(async () => {
  served.wire.close();
  await served.service.stop();
  await way.stop();
  await fake.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

test('a process whose bucket goes away says so, and goes on when it is back', async () => {
  const { wire } = served;
  const pushed = image('before', [filledContent('layer', 300_000)]);
  await pushImage(wire, 'team/app', pushed, 'v1');
  for (let round = 0; round < 2; round++) {
    way.close();
    const [manifest, blob, upload, ready, alive] = await Promise.all([
      wire.send('GET', '/v2/team/app/manifests/v1'),
      wire.send('GET', `/v2/team/app/blobs/${pushed.blobs[0]?.digest}`),
      wire.send('PUT', '/v2/team/app/manifests/v2', {
        headers: { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' },
        body: pushed.bytes,
      }),
      wire.send('GET', '/readyz'),
      wire.send('GET', '/healthz'),
    ]);
    for (const { status, headers, body } of [manifest, blob, upload]) {
      expect([status, headers['retry-after'], headers['content-type']]).toEqual([503, '5', 'application/json']);
      expect(body.toString()).toBe(
        '{"errors":[{"code":"UNAVAILABLE","message":"this region\'s storage does not answer"}]}',
      );
    }
    expect([ready.status, alive.status]).toEqual([503, 200]);
    way.open = true;
    const isReady = async () => (await wire.send('GET', '/readyz')).status === 200 || undefined;
    await eventually(isReady, { timeoutMs: 30_000, what: 'readiness' });
    const again = await wire.send('GET', '/v2/team/app/manifests/v1');
    expect([again.status, again.body.equals(pushed.bytes)]).toEqual([200, true]);
    const next = image(`after ${round}`, [filledContent(`layer ${round}`, 300_000)]);
    await pushImage(wire, 'team/app', next, `after-${round}`);
    expect((await wire.send('GET', `/v2/team/app/manifests/after-${round}`)).body.equals(next.bytes)).toBe(true);
  }
}, 120_000);
