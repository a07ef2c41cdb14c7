import { digestOf, type Digest } from '@atoll/core';

const OCI = 'application/vnd.oci.image';

/** A manifest and what has to be there before it. */
export interface TestManifest {
  readonly bytes: Buffer;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly blobs: readonly Buffer[];
  readonly children: readonly TestManifest[];
}

/** An image of its own for each name, two layers of which one is shared by all. */
export function image(name: string, o: { readonly subject?: TestManifest } = {}): TestManifest {
  const config = Buffer.from(JSON.stringify({ name }));
  const layers = [Buffer.from('a layer of every image'), Buffer.from(`a layer of ${name}`)];
  return manifest(
    {
      mediaType: `${OCI}.manifest.v1+json`,
      config: descriptor(config, `${OCI}.config.v1+json`),
      layers: layers.map((layer) => descriptor(layer, `${OCI}.layer.v1.tar`)),
      ...(o.subject && { subject: descriptor(o.subject.bytes, o.subject.mediaType) }),
    },
    { blobs: [config, ...layers], children: [] },
  );
}

export function index(...children: readonly TestManifest[]): TestManifest {
  return manifest(
    {
      mediaType: `${OCI}.index.v1+json`,
      manifests: children.map((child) => descriptor(child.bytes, child.mediaType)),
    },
    { blobs: [], children },
  );
}

function manifest(
  body: { readonly mediaType: string } & Readonly<Record<string, unknown>>,
  parts: Pick<TestManifest, 'blobs' | 'children'>,
): TestManifest {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, ...body }));
  return { bytes, digest: digestOf(bytes), mediaType: body.mediaType, ...parts };
}

function descriptor(bytes: Buffer, mediaType: string) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}
