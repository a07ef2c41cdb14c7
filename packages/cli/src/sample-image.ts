import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { digestOf } from '@atoll/core';

const TEXT = 'An image of one file, pushed to one region of Atoll and pulled from another.\n';
const BLOCK_BYTES = 512;

interface Blob {
  readonly descriptor: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly bytes: Buffer;
}

/**
 * Writes a small image as an OCI layout (image-spec, Image Layout) with the tag `1`, so that the first push needs no other registry.
 * A layout that is there already is left alone.
 */
export async function writeSampleImage(folder: string): Promise<void> {
  if (await exists(join(folder, 'index.json'))) return;
  const partial = `${folder}.${process.pid}`;
  const archive = tarOf('hello.txt', Buffer.from(TEXT));
  const layer = blob('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(archive));
  const config = json('application/vnd.oci.image.config.v1+json', {
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [digestOf(archive)] },
  });
  const manifest = json('application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: config.descriptor,
    layers: [layer.descriptor],
  });
  const tagged = { ...manifest.descriptor, annotations: { 'org.opencontainers.image.ref.name': '1' } };
  await mkdir(join(partial, 'blobs', 'sha256'), { recursive: true });
  for (const { descriptor, bytes } of [layer, config, manifest]) {
    await writeFile(join(partial, 'blobs', descriptor.digest.replace(':', '/')), bytes);
  }
  await writeFile(join(partial, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await writeFile(join(partial, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [tagged] }));
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}

function json(mediaType: string, value: unknown): Blob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)));
}

function blob(mediaType: string, bytes: Buffer): Blob {
  return { descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length }, bytes };
}

/** A tar archive of one file; POSIX.1-1988 ustar, section 10.1.1. */
function tarOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  header.write(name, 0);
  header.write(
    `${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(content.length, 11)}\0${octal(0, 11)}\0`,
    100,
  );
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\0' + '00', 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.write(`${octal(checksum, 6)}\0 `, 148);
  const padding = Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES);
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * BLOCK_BYTES)]);
}
