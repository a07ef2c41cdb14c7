import { randomFillSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { z } from 'zod';
import { content, imageOf, index, type Content, type Image } from '../harness/images.js';
import { tarOf } from './tar.js';

/** The `index.json` of a layout on disk. */
export const Layout = z.looseObject({ manifests: z.array(z.looseObject({ digest: z.string() })) });

const MEBIBYTE = 1024 * 1024;
const LAYER = 'application/vnd.oci.image.layer.v1.tar';

/** An OCI layout on disk with the images every client gets. */
export interface Samples {
  readonly layout: string;
  /** The file that is the layer of `big`. */
  readonly largeFile: string;
  /**
   * Digests by tag: two small images; `big` with a layer of many mebibytes; `middle` with one large enough to be cut in its
   * middle; `zstd` whose layer is compressed by it; and the index `multi` over the first two.
   */
  readonly digests: Readonly<Record<'amd64' | 'arm64' | 'big' | 'middle' | 'zstd' | 'multi', string>>;
}

const MIDDLE_MEBIBYTES = 24;

export async function makeSamples(layout: string, bigMebibytes: number): Promise<Samples> {
  await mkdir(join(layout, 'blobs', 'sha256'), { recursive: true });
  const amd64 = sample('amd64', Buffer.from('hello from amd64\n'));
  const arm64 = sample('arm64', Buffer.from('hello from arm64\n'));
  const big = sample('amd64', noise(bigMebibytes));
  const middle = sample('amd64', noise(MIDDLE_MEBIBYTES));
  const zstd = sample('amd64', Buffer.from('hello from zstd\n'.repeat(1000)), 'zstd');
  const multi = index([amd64, arm64].map(({ digest, bytes }) => ({ digest, sizeBytes: bytes.length })));
  const images = { amd64, arm64, big, middle, zstd, multi };
  for (const blob of Object.values(images).flatMap((one) => [one, ...one.blobs])) await writeBlob(layout, blob);
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const manifests = Object.entries(images).map(([tag, { mediaType, digest, bytes }]) => ({
    mediaType,
    digest,
    size: bytes.length,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  }));
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  const digests = {
    amd64: amd64.digest,
    arm64: arm64.digest,
    big: big.digest,
    middle: middle.digest,
    zstd: zstd.digest,
    multi: multi.digest,
  };
  const [largeFile = ''] = big.blobs
    .filter(({ bytes }) => bytes.length >= MEBIBYTE)
    .map((blob) => fileOf(layout, blob));
  return { layout, largeFile, digests };
}

/** Bytes that no compression makes smaller. */
function noise(mebibytes: number): Buffer {
  return randomFillSync(Buffer.alloc(mebibytes * MEBIBYTE));
}

function sample(architecture: string, payload: Buffer, packed: 'gzip' | 'zstd' = 'gzip'): Image {
  const tar = tarOf([{ name: 'payload', content: payload, mode: 0o755 }]);
  // What is noise is stored: packing it costs seconds and gains nothing.
  const layer = packed === 'zstd' ? zstdCompressSync(tar) : gzipSync(tar, { level: payload.length > MEBIBYTE ? 0 : 6 });
  const config = {
    architecture,
    os: 'linux',
    created: '2020-01-01T00:00:00Z',
    config: { Cmd: ['/payload'] },
    rootfs: { type: 'layers', diff_ids: [content(tar).digest] },
    history: [{ created: '2020-01-01T00:00:00Z', created_by: 'COPY payload /' }],
  };
  return imageOf(config, [{ ...content(layer), mediaType: `${LAYER}+${packed}` }]);
}

async function writeBlob(layout: string, blob: Content): Promise<void> {
  await writeFile(fileOf(layout, blob), blob.bytes);
}

function fileOf(layout: string, { digest }: Content): string {
  return join(layout, 'blobs', ...digest.split(':'));
}
