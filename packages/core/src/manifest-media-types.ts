export type ManifestKind = 'image' | 'index';

export const OCI_IMAGE = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

// Schema 1 and the withdrawn OCI artifact manifest are left out: clients no longer read them.
const KINDS: ReadonlyMap<string, ManifestKind> = new Map([
  [OCI_IMAGE, 'image'],
  ['application/vnd.docker.distribution.manifest.v2+json', 'image'],
  [OCI_INDEX, 'index'],
  ['application/vnd.docker.distribution.manifest.list.v2+json', 'index'],
]);

const FOREIGN_LAYER =
  /^application\/vnd\.(?:oci\.image\.layer\.nondistributable\.v1|docker\.image\.rootfs\.foreign\.diff)\.tar\b/;

export function isManifestMediaType(mediaType: string): boolean {
  return KINDS.has(mediaType);
}

export function manifestKindOf(mediaType: string): ManifestKind | undefined {
  return KINDS.get(mediaType);
}

/** A layer that is fetched from its `urls`: no registry need have it; image-spec, Non-Distributable Layers. */
export function isForeignLayer(mediaType: string): boolean {
  return FOREIGN_LAYER.test(mediaType);
}

/** Lower-case and without parameters, as types compare; RFC 9110, Media Type. */
export function bareMediaType(text: string): string {
  const semicolon = text.indexOf(';');
  return (semicolon < 0 ? text : text.slice(0, semicolon)).trim().toLowerCase();
}
