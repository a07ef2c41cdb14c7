import { randomFillSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { index } from '../harness/images.js';
import type { Tools } from './tool.js';

const MEBIBYTE = 1024 * 1024;
const Descriptor = z.looseObject({
  mediaType: z.string(),
  digest: z.string(),
  size: z.number(),
  annotations: z.record(z.string(), z.string()).optional(),
});
const Layout = z.looseObject({ schemaVersion: z.literal(2), manifests: z.array(Descriptor) });
const REF_NAME = 'org.opencontainers.image.ref.name';

/** An OCI layout on disk with the images every client gets. */
export interface Samples {
  readonly layout: string;
  /** Digests by tag: `amd64`, `arm64`, `big`, and the index `multi` over the first two. */
  readonly digests: Readonly<Record<'amd64' | 'arm64' | 'big' | 'multi', string>>;
}

/** Makes images with umoci: two small ones, an index over them, and one with a layer of `bigMebibytes` that cannot be compressed. */
export async function makeSamples(tools: Tools, bigMebibytes: number): Promise<Samples> {
  const layout = join(tools.home, 'samples');
  await tools.run('umoci', 'init', '--layout', layout);
  await addImage(tools, layout, 'amd64', 'amd64', Buffer.from('hello from amd64\n'));
  await addImage(tools, layout, 'arm64', 'arm64', Buffer.from('hello from arm64\n'));
  await addImage(tools, layout, 'big', 'amd64', randomFillSync(Buffer.alloc(bigMebibytes * MEBIBYTE)));
  await addIndex(layout, 'multi', ['amd64', 'arm64']);
  const { manifests } = await readLayout(layout);
  const digestOf = (tag: string): string =>
    manifests.find((entry) => entry.annotations?.[REF_NAME] === tag)?.digest ?? '';
  return {
    layout,
    digests: { amd64: digestOf('amd64'), arm64: digestOf('arm64'), big: digestOf('big'), multi: digestOf('multi') },
  };
}

async function addImage(
  tools: Tools,
  layout: string,
  tag: string,
  architecture: string,
  payload: Buffer,
): Promise<void> {
  const image = `${layout}:${tag}`;
  const bundle = join(tools.home, `bundle-${tag}`);
  await tools.run('umoci', 'new', '--image', image);
  await tools.run('umoci', 'config', '--image', image, '--architecture', architecture, '--config.cmd', '/payload');
  await tools.run('umoci', 'unpack', '--image', image, bundle);
  await mkdir(join(bundle, 'rootfs'), { recursive: true });
  await writeFile(join(bundle, 'rootfs', 'payload'), payload, { mode: 0o755 });
  await tools.run('umoci', 'repack', '--image', image, bundle);
}

async function addIndex(layout: string, tag: string, children: readonly string[]): Promise<void> {
  const before = await readLayout(layout);
  const named = children.flatMap((child) =>
    before.manifests.filter((entry) => entry.annotations?.[REF_NAME] === child),
  );
  const made = index(named.map(({ digest, size }) => ({ digest, sizeBytes: size })));
  await writeFile(join(layout, 'blobs', ...made.digest.split(':')), made.bytes);
  const entry = {
    mediaType: made.mediaType,
    digest: made.digest,
    size: made.bytes.length,
    annotations: { [REF_NAME]: tag },
  };
  await writeFile(join(layout, 'index.json'), JSON.stringify({ ...before, manifests: [...before.manifests, entry] }));
}

async function readLayout(layout: string): Promise<z.infer<typeof Layout>> {
  return Layout.parse(JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')));
}
