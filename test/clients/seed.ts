import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { content, type Content, type Image } from '../harness/images.js';
import { pushBlob, putManifest } from '../harness/push.js';
import type { Samples } from './samples.js';
import type { Trial } from './trial.js';

const Descriptor = z.looseObject({ digest: z.string(), mediaType: z.string() });
const Manifest = z.looseObject({
  mediaType: z.string(),
  config: Descriptor.optional(),
  layers: z.array(Descriptor).default([]),
  manifests: z.array(Descriptor).default([]),
});

/** Puts one of the samples into a repository at eu without any client, for clients that can only pull or that change images. */
export async function pushSample(trial: Trial, repository: string, tag: keyof Samples['digests']): Promise<void> {
  await push(trial, `${trial.space}/${repository}`, trial.samples.digests[tag], tag);
}

async function push(trial: Trial, repository: string, digest: string, reference: string): Promise<void> {
  const { bytes } = await readBlob(trial.samples, digest);
  const { mediaType, config, layers, manifests } = Manifest.parse(JSON.parse(bytes.toString('utf8')));
  for (const child of manifests) await push(trial, repository, child.digest, child.digest);
  for (const blob of config === undefined ? [] : [config, ...layers])
    await pushBlob(trial.wire('eu'), repository, await readBlob(trial.samples, blob.digest));
  const image: Image = { digest, bytes, mediaType, blobs: [] };
  await putManifest(trial.wire('eu'), repository, image, reference);
}

async function readBlob({ layout }: Samples, digest: string): Promise<Content> {
  return content(await readFile(join(layout, 'blobs', ...digest.split(':'))));
}
