import { createHash } from 'node:crypto';
import { Random } from '../harness/random.js';

export const OCI_IMAGE = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

export interface Content {
  readonly bytes: Buffer;
  readonly digest: string;
}

export interface Document extends Content {
  readonly type: string;
}

/** What a lane, and all others, may push and ask for: always the same, so that requests meet what others have stored. */
export interface World {
  readonly repositories: readonly string[];
  readonly tags: readonly string[];
  readonly blobs: readonly Content[];
  readonly manifests: readonly Document[];
}

export function sha256(bytes: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

export function sha512(bytes: Uint8Array): string {
  return `sha512:${createHash('sha512').update(bytes).digest('hex')}`;
}

export function makeWorld(): World {
  const blobs = [contentOf('{}'), ...Array.from({ length: 120 }, (_, at) => blobNumber(at))];
  const images = Array.from({ length: 40 }, (_, at) => imageNumber(at, blobs));
  const indexes = Array.from({ length: 10 }, (_, at) => indexNumber(at, images));
  return {
    repositories: ['a', 'b/c', 'manifests', 'a/blobs/uploads', 'tags/list/x', 'x-y/z.0/w__v'],
    tags: ['v1', 'latest', 'V1', '_x', 'a.b-c_d', 'list', 'uploads', '0', 'z'.repeat(128)],
    blobs,
    manifests: [...images, ...indexes],
  };
}

function contentOf(bytes: string | Buffer): Content {
  const buffer = Buffer.from(bytes);
  return { bytes: buffer, digest: sha256(buffer) };
}

/** Most are small; one in twenty does not fit into one piece of TCP. */
function blobNumber(at: number): Content {
  const random = new Random(at);
  return contentOf(`blob ${at} `.repeat(at % 20 === 7 ? random.between(3000, 9000) : random.between(0, 60)));
}

function descriptorOf({ bytes, digest }: Content, mediaType: string): object {
  return { mediaType, digest, size: bytes.length };
}

function imageNumber(at: number, blobs: readonly Content[]): Document {
  const layers = someOf(blobs, new Random(1000 + at));
  const image = {
    schemaVersion: 2,
    mediaType: OCI_IMAGE,
    config: descriptorOf(contentOf('{}'), 'application/vnd.oci.empty.v1+json'),
    layers: layers.map((layer) => descriptorOf(layer, 'application/vnd.oci.image.layer.v1.tar')),
    ...(at % 4 === 3 && {
      artifactType: `application/x-${at % 8}`,
      subject: descriptorOf(contentOf('subject'), OCI_IMAGE),
    }),
    annotations: { number: String(at) },
  };
  return { ...contentOf(JSON.stringify(image)), type: OCI_IMAGE };
}

function indexNumber(at: number, images: readonly Document[]): Document {
  const manifests = someOf(images, new Random(2000 + at));
  const index = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: manifests.map((image) => descriptorOf(image, image.type)),
    annotations: { index: String(at) },
  };
  return { ...contentOf(JSON.stringify(index)), type: OCI_INDEX };
}

function someOf<T>(list: readonly T[], random: Random): T[] {
  return Array.from({ length: random.between(0, 3) }, () => random.pick(list));
}
