import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { Atoll } from '../harness/atoll.js';
import { filledContent, image } from '../harness/images.js';
import { pushImage } from '../harness/push.js';
import { eventually } from '../harness/service.js';
import { interop } from './interop.js';
import { skopeo } from './skopeo.js';

const Referrers = z.object({ manifests: z.array(z.looseObject({ digest: z.string(), artifactType: z.string() })) });

let folder: string;
let atoll: Atoll;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atoll-skopeo-'));
  atoll = await Atoll.start(join(folder, 'atoll'));
}, 60_000);

afterAll(async () => {
  await atoll.stop();
  await rm(folder, { recursive: true, force: true });
});

test('skopeo pushes an index and a large layer to eu, pulls them from us, and a tag deleted at us disappears at eu', async () => {
  const [row] = await interop({ regions: atoll, folder, clients: [skopeo], bigMebibytes: 30 });
  expect(row?.fault).toBeUndefined();
  expect(row?.result).toBe('passed');
}, 60_000);

test('a signature pushed at eu as a referrer is listed at us', async () => {
  const signed = image('signed', [filledContent('layer', 1_000)]);
  const signature = image('signature', [filledContent('seal', 100)], signed);
  await pushImage(atoll.eu, 'team/app', signed, '1');
  await pushImage(atoll.eu, 'team/app', signature);
  const listed = await eventually(() => referrersAt(atoll, signed.digest), {
    timeoutMs: 20_000,
    what: 'the signature at us',
  });
  expect(listed).toEqual([
    expect.objectContaining({ digest: signature.digest, artifactType: 'application/vnd.example.signature' }),
  ]);
  expect((await atoll.us.send('GET', `/v2/team/app/manifests/${signature.digest}`)).body).toEqual(signature.bytes);
}, 60_000);

async function referrersAt({ us }: Atoll, digest: string): Promise<unknown[] | undefined> {
  const answer = await us.send('GET', `/v2/team/app/referrers/${digest}`);
  if (answer.status !== 200) return undefined;
  const { manifests } = Referrers.parse(JSON.parse(answer.body.toString('utf8')));
  return manifests.length === 0 ? undefined : manifests;
}
