import { sha256 } from './wire.js';

export interface Content {
  readonly digest: string;
  readonly bytes: Buffer;
}

export interface Image extends Content {
  readonly mediaType: string;
  readonly blobs: readonly Content[];
}

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';

export const MANIFEST_TYPES = [
  OCI_MANIFEST,
  OCI_INDEX,
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

export function content(bytes: Buffer): Content {
  return { digest: sha256(bytes), bytes };
}

/** Bytes that no other `name` gives, `sizeBytes` of them. */
export function filledContent(name: string, sizeBytes: number): Content {
  return content(Buffer.alloc(sizeBytes, `${name}\n`));
}

/** An image whose config carries `name`, so that two images never share a digest unless their names agree. */
export function image(name: string, layers: readonly Content[], subject?: Image): Image {
  const config = {
    architecture: 'amd64',
    os: 'linux',
    author: name,
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
  };
  const typed = layers.map((layer) => ({ ...layer, mediaType: OCI_LAYER }));
  return imageOf(config, typed, subject);
}

export interface Layer extends Content {
  readonly mediaType: string;
}

/** An image of this configuration and these layers, or an artifact when it has a subject. */
export function imageOf(configuration: object, layers: readonly Layer[], subject?: Image): Image {
  const config = content(Buffer.from(JSON.stringify(configuration)));
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      ...(subject === undefined ? {} : { artifactType: 'application/vnd.example.signature' }),
      config: { mediaType: OCI_CONFIG, digest: config.digest, size: config.bytes.length },
      layers: layers.map((layer) => ({
        mediaType: layer.mediaType,
        digest: layer.digest,
        size: layer.bytes.length,
      })),
      ...(subject === undefined
        ? {}
        : { subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.bytes.length } }),
    }),
  );
  return { ...content(bytes), mediaType: OCI_MANIFEST, blobs: [config, ...layers] };
}

const ARCHITECTURES = ['amd64', 'arm64', 's390x', 'ppc64le', 'riscv64'];

export function index(children: readonly { digest: string; sizeBytes: number }[]): Image {
  const manifests = children.map((child, at) => ({
    mediaType: OCI_MANIFEST,
    digest: child.digest,
    size: child.sizeBytes,
    platform: { os: 'linux', architecture: ARCHITECTURES[at % ARCHITECTURES.length] },
  }));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }));
  return { ...content(bytes), mediaType: OCI_INDEX, blobs: [] };
}
