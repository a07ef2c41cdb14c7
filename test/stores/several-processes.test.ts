import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { filledContent, image } from '../harness/images.js';
import { putManifest, pushBlob, pushImage } from '../harness/push.js';
import { ReplicatedRegion } from '../harness/replicated-region.js';
import { expectStatus, sha256, type Wire } from '../harness/wire.js';
import { openStoreServer, type StoreServer } from './store-server.js';

let folder: string;
let server: StoreServer;
let region: ReplicatedRegion;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-several-'));
  server = await openStoreServer('fake-s3');
  const env = server.environment;
  region = await ReplicatedRegion.start({ region: 'eu', storage: await server.place('several'), env, folder });
}, 60_000);
afterAll(async () => {
  await region.stop();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What every process answers, asked twice so that each has it in memory if it ever will. */
async function fromEach(path: string): Promise<number[]> {
  const ask = (wire: Wire) => wire.send('GET', path);
  for (const wire of region.processes) await ask(wire);
  return Promise.all(region.processes.map(async (wire) => (await ask(wire)).status));
}

describe('three processes of one region', () => {
  const layer = filledContent('layer', 20_000);
  const pushed = image('several', [layer]);
  const [one] = [() => region.processes[0] ?? region.wire];

  test('share what each of them is told, though all of them began on an empty bucket at once', async () => {
    await pushImage(region.wire, 'team/app', pushed, 'v1');
    for (const reference of ['v1', pushed.digest])
      expect(await fromEach(`/v2/team/app/manifests/${reference}`)).toEqual([200, 200, 200]);
    expect(region.requests.every((count) => count > 0)).toBe(true);
  });

  test('serve none of what one of them deleted: a tag, a manifest, a blob', async () => {
    await pushImage(region.wire, 'team/gone', pushed, 'v1');
    await putManifest(region.wire, 'team/gone', pushed, 'v2');
    const at = (what: string) => `/v2/team/gone/${what}`;
    for (const path of [`manifests/v1`, `manifests/${pushed.digest}`, `blobs/${layer.digest}`, 'tags/list'])
      expect(await fromEach(at(path))).toEqual([200, 200, 200]);
    const remove = async (what: string) => {
      expectStatus(`DELETE ${what}`, await one().send('DELETE', at(what)), 202);
      return Promise.all(region.processes.map(async (wire) => (await wire.send('GET', at(what))).status));
    };
    expect(await remove('manifests/v1')).toEqual([404, 404, 404]);
    const lists = await Promise.all(region.processes.map((wire) => wire.send('GET', at('tags/list'))));
    expect(lists.map(({ body }) => JSON.parse(body.toString()) as unknown)).toEqual(
      region.processes.map(() => ({ name: 'team/gone', tags: ['v2'] })),
    );
    expect(await remove(`manifests/${pushed.digest}`)).toEqual([404, 404, 404]);
    expect(await fromEach(at('manifests/v2'))).toEqual([404, 404, 404]);
    expect(await remove(`blobs/${layer.digest}`)).toEqual([404, 404, 404]);
    expect(await fromEach(`/v2/team/app/blobs/${layer.digest}`)).toEqual([200, 200, 200]);
  });

  test('serve a tag as one of them moved it', async () => {
    for (let round = 0; round < 5; round++) {
      const moved = image(`moved ${round}`, [layer]);
      await pushImage(region.processes[round % 3] ?? region.wire, 'team/app', moved, 'moving');
      const answers = await Promise.all(
        region.processes.map((wire) => wire.send('GET', '/v2/team/app/manifests/moving')),
      );
      expect(answers.map(({ body }) => sha256(body))).toEqual([moved.digest, moved.digest, moved.digest]);
    }
  });

  test('take a layer in pieces while each of them is replaced', async () => {
    const large = filledContent('large', 12_000_000);
    let at = 0;
    const replacing = region.replace(0, 'stop').then(() => region.replace(1, 'stop'));
    const before = Date.now();
    do await pushBlob(region.wire, `team/pieces-${at++}`, large, 'chunks');
    while (at < 3 || (!(await isDone(replacing)) && Date.now() - before < 60_000));
    await replacing;
    const answer = await region.wire.send('GET', `/v2/team/pieces-0/blobs/${large.digest}`);
    expect(answer.body.equals(large.bytes)).toBe(true);
  }, 90_000);
});

async function isDone(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
}
