import { expect } from '@jest/globals';
import { z } from 'zod';
import { filledContent, image } from '../harness/images.js';
import { pushImage } from '../harness/push.js';
import { eventually } from '../harness/service.js';
import type { Wire } from '../harness/wire.js';
import type { Regions } from './trial.js';

const Referrers = z.object({ manifests: z.array(z.looseObject({ digest: z.string(), artifactType: z.string() })) });

/** Pushes an image and its signature to eu, and expects the signature among the image's referrers at us, byte for byte. */
export async function signatureReachesUs({ eu, us }: Regions): Promise<void> {
  const signed = image('signed', [filledContent('layer', 1_000)]);
  const signature = image('signature', [filledContent('seal', 100)], signed);
  await pushImage(eu, 'team/app', signed, '1');
  await pushImage(eu, 'team/app', signature);
  const listed = await eventually(() => referrersAt(us, signed.digest), {
    timeoutMs: 20_000,
    what: 'the signature at us',
  });
  expect(listed).toEqual([
    expect.objectContaining({ digest: signature.digest, artifactType: 'application/vnd.example.signature' }),
  ]);
  expect((await us.send('GET', `/v2/team/app/manifests/${signature.digest}`)).body).toEqual(signature.bytes);
}

async function referrersAt(region: Wire, digest: string): Promise<unknown[] | undefined> {
  const answer = await region.send('GET', `/v2/team/app/referrers/${digest}`);
  if (answer.status !== 200) return undefined;
  const { manifests } = Referrers.parse(JSON.parse(answer.body.toString('utf8')));
  return manifests.length === 0 ? undefined : manifests;
}
