import { createHash, randomBytes } from 'node:crypto';
import type { Content } from '../harness/images.js';

export const OCI_IMAGE = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const DOCKER_IMAGE = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';
export const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
export const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar';

export type Algorithm = 'sha256' | 'sha512';

export interface Manifest extends Content {
  readonly mediaType: string;
  /** What has to be in the repository before it. */
  readonly blobs: readonly Content[];
  readonly children: readonly Manifest[];
}

/** What a manifest says of something else; image-spec, Content Descriptors. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export function digestOf(bytes: string | Uint8Array, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

export function contentOf(content: string | Uint8Array, algorithm: Algorithm = 'sha256'): Content {
  const bytes = Buffer.from(content);
  return { digest: digestOf(bytes, algorithm), bytes };
}

/** Content that nobody else has. */
export function randomBlob(sizeBytes = 32, algorithm: Algorithm = 'sha256'): Content {
  return contentOf(randomBytes(sizeBytes), algorithm);
}

/** A digest of which there is no content. */
export function randomDigest(algorithm: Algorithm = 'sha256'): string {
  return digestOf(randomBytes(32), algorithm);
}

/** image-spec, Guidance for an Empty Descriptor. */
export const EMPTY_BLOB = contentOf('{}');

export function descriptorOf({ digest, bytes }: Content, mediaType: string, more: object = {}): Descriptor {
  return { mediaType, digest, size: bytes.length, ...more };
}

export const EMPTY_CONFIG = descriptorOf(EMPTY_BLOB, EMPTY_TYPE);

export interface ManifestParts {
  readonly mediaType: string;
  readonly blobs?: readonly Content[];
  readonly children?: readonly Manifest[];
  readonly algorithm?: Algorithm;
}

/** A manifest with exactly this body. */
export function manifestOf(body: object, { mediaType, blobs = [], children = [], algorithm }: ManifestParts): Manifest {
  return { ...contentOf(JSON.stringify(body), algorithm), mediaType, blobs, children };
}

export interface ImageParts {
  readonly layers?: readonly Content[];
  readonly layerType?: string;
  readonly subject?: Manifest;
  readonly algorithm?: Algorithm;
  /** Members added to the manifest, or put in place of its own. */
  readonly more?: object;
}

/** An image that nobody else has: its config is random. */
export function imageOf({
  layers = [randomBlob()],
  layerType = LAYER_TYPE,
  subject,
  algorithm,
  more,
}: ImageParts = {}): Manifest {
  const config = contentOf(JSON.stringify({ architecture: 'amd64', os: 'linux', author: randomDigest() }), algorithm);
  const body = {
    schemaVersion: 2,
    mediaType: OCI_IMAGE,
    config: descriptorOf(config, CONFIG_TYPE),
    layers: layers.map((layer) => descriptorOf(layer, layerType)),
    ...subjectOf(subject),
    ...more,
  };
  return manifestOf(body, { mediaType: OCI_IMAGE, blobs: [config, ...layers], ...(algorithm && { algorithm }) });
}

/** An image that nobody else has, of these members and no blob but the empty one. */
export function smallImage(more: object = {}): Manifest {
  const annotations = { 'org.example.id': randomDigest() };
  return imageOf({ layers: [], more: { config: EMPTY_CONFIG, annotations, ...more } });
}

/** An artifact as image-spec, Guidelines for Artifact Usage has it: the empty config, and its type in the manifest. */
export function artifactOf(artifactType: string, { layers = [EMPTY_BLOB], more, ...parts }: ImageParts = {}): Manifest {
  const config = EMPTY_CONFIG;
  const annotations = { 'org.example.id': randomDigest() };
  const image = imageOf({ ...parts, layers, more: { artifactType, config, annotations, ...more } });
  return { ...image, blobs: [EMPTY_BLOB, ...layers] };
}

/** An index that nobody else has: an annotation of it is random. */
export function indexOf(
  children: readonly Manifest[],
  { subject, algorithm, more }: Pick<ImageParts, 'subject' | 'algorithm' | 'more'> = {},
): Manifest {
  const body = {
    schemaVersion: 2,
    mediaType: OCI_INDEX,
    manifests: children.map((child) => descriptorOf(child, child.mediaType)),
    ...subjectOf(subject),
    annotations: { 'org.example.id': randomDigest() },
    ...more,
  };
  return manifestOf(body, { mediaType: OCI_INDEX, children, ...(algorithm && { algorithm }) });
}

function subjectOf(subject: Manifest | undefined): { subject?: Descriptor } {
  return subject === undefined ? {} : { subject: descriptorOf(subject, subject.mediaType) };
}
