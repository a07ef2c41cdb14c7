import type { Descriptor } from './descriptor.js';
import {
  invalid,
  isJsonObject,
  readAnnotations,
  readDescriptor,
  readDescriptors,
  readText,
  type JsonObject,
} from './manifest-descriptor.js';
import {
  bareMediaType,
  isForeignLayer,
  isManifestMediaType,
  manifestKindOf,
  OCI_IMAGE,
  OCI_INDEX,
  type ManifestKind,
} from './manifest-media-types.js';
import { checkManifestStructure } from './manifest-structure.js';
import { RegistryError } from './registry-error.js';

/** Clients stop reading at 4 MiB, so a larger manifest could be pushed and never pulled. */
export const MAX_MANIFEST_BYTES = 4_194_304;

const MAX_DESCRIPTORS = 10_000;
const UNTYPED = new Set(['', 'application/json', 'application/octet-stream']);

/** What the registry needs to know of a manifest; its bytes are kept and served as they came. */
export interface ParsedManifest {
  readonly kind: ManifestKind;
  /** The type to serve it as: lower-case, without parameters. */
  readonly mediaType: string;
  /** Blobs that must be there: config, layers except foreign ones, and what an index names beside manifests (BuildKit's caches do). */
  readonly blobs: readonly Descriptor[];
  /** Layers that clients fetch from elsewhere. They need not be there; what was pushed all the same is kept like any other blob. */
  readonly foreign: readonly Descriptor[];
  /** Manifests that an index names. */
  readonly children: readonly Descriptor[];
  /** Never checked to exist; distribution-spec, Pushing Manifests with Subject. */
  readonly subject?: Descriptor;
  /** For the subject's referrers list: an image without one takes its config's type; distribution-spec, Listing Referrers. */
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Checks a pushed manifest so that every client will read it as this registry does. Repeat parts, unknown members, empty lists, embedded
 * `data` and nested indexes are fine.
 * @param contentType the request's; when it names no manifest type, the manifest's own `mediaType` counts, else what its members say
 * @throws RegistryError MANIFEST_INVALID (status 413 when too big), or DIGEST_INVALID for a descriptor's digest
 */
export function parseManifest(bytes: Uint8Array, contentType = ''): ParsedManifest {
  const body = parseBody(bytes);
  if (body.schemaVersion !== 2) throw invalid('schemaVersion', 'must be 2');
  const mediaType = mediaTypeOf(body, bareMediaType(contentType));
  const kind = manifestKindOf(mediaType);
  if (!kind) throw unknownType(mediaType);
  refuseMixture(body, kind);
  refuseTooMany(body);
  const subject = isMissing(body.subject) ? undefined : readDescriptor(body.subject, 'subject');
  const annotations = readAnnotations(body.annotations, 'annotations');
  const { artifactType, ...named } = kind === 'image' ? readImage(body) : readIndex(body);
  return {
    kind,
    mediaType,
    ...named,
    ...(subject && { subject }),
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations && { annotations }),
  };
}

function parseBody(bytes: Uint8Array): JsonObject {
  if (bytes.byteLength > MAX_MANIFEST_BYTES) {
    throw new RegistryError('MANIFEST_INVALID', `a manifest has at most ${MAX_MANIFEST_BYTES} bytes`, { status: 413 });
  }
  const text = decode(bytes);
  const body = parseJson(text);
  if (!isJsonObject(body)) throw new RegistryError('MANIFEST_INVALID', 'a manifest is a JSON object');
  checkManifestStructure(text);
  return body;
}

function decode(bytes: Uint8Array): string {
  try {
    // A byte order mark stays in the text, where JSON does not allow it: Go's decoders refuse it too.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new RegistryError('MANIFEST_INVALID', 'the manifest is not valid UTF-8', { cause });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RegistryError('MANIFEST_INVALID', 'the manifest is not valid JSON', { cause });
  }
}

function mediaTypeOf(body: JsonObject, requestType: string): string {
  const ownType = readText(body.mediaType, 'mediaType');
  if (UNTYPED.has(requestType)) return ownType ?? inferredType(body);
  if (!isManifestMediaType(requestType)) throw unknownType(requestType);
  if (ownType !== undefined && ownType !== requestType) {
    throw invalid('mediaType', `is not the request's Content-Type, ${requestType}`);
  }
  return requestType;
}

function inferredType(body: JsonObject): string {
  if (!isMissing(body.manifests)) return OCI_INDEX;
  if (!isMissing(body.config)) return OCI_IMAGE;
  throw invalid(
    'mediaType',
    'is missing, and so is the Content-Type, a config or a list of manifests that would tell it',
  );
}

// A body that is an image to one client and an index to another passes checks as the one and is run as the other (CVE-2021-41190).
function refuseMixture(body: JsonObject, kind: ManifestKind): void {
  const strangers = kind === 'image' ? ['manifests', 'fsLayers'] : ['config', 'layers', 'fsLayers'];
  const found = strangers.find((member) => !isMissing(body[member]));
  if (found !== undefined) throw invalid(found, `has no place in an ${kind}`);
}

type Named = Pick<ParsedManifest, 'blobs' | 'foreign' | 'children'> & { readonly artifactType: string | undefined };

function readImage(body: JsonObject): Named {
  const config = readDescriptor(body.config, 'config');
  const layers = readDescriptors(body.layers, 'layers');
  const foreign = layers.filter((layer) => isForeignLayer(layer.mediaType));
  const own = layers.filter((layer) => !isForeignLayer(layer.mediaType));
  const artifactType = readText(body.artifactType, 'artifactType') ?? config.mediaType;
  return { blobs: [config, ...own], foreign, children: [], artifactType };
}

function readIndex(body: JsonObject): Named {
  if (body.manifests === undefined) throw invalid('manifests', 'must be there, and may be empty');
  const entries = readDescriptors(body.manifests, 'manifests');
  const isManifest = (entry: Descriptor) => isManifestMediaType(bareMediaType(entry.mediaType));
  return {
    blobs: entries.filter((entry) => !isManifest(entry)),
    foreign: [],
    children: entries.filter(isManifest),
    artifactType: readText(body.artifactType, 'artifactType'),
  };
}

// Before any is read, so that a list made to be costly costs nothing.
function refuseTooMany({ config, layers, manifests, subject }: JsonObject): void {
  const single = [config, subject].filter((member) => !isMissing(member)).length;
  const listed = [layers, manifests].map((list) => (Array.isArray(list) ? list.length : 0));
  const count = listed.reduce((sum, length) => sum + length, single);
  if (count <= MAX_DESCRIPTORS) return;
  throw new RegistryError(
    'MANIFEST_INVALID',
    `a manifest has at most ${MAX_DESCRIPTORS} descriptors, this one has ${count}`,
  );
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null;
}

function unknownType(mediaType: string): RegistryError {
  return new RegistryError(
    'MANIFEST_INVALID',
    'the manifest is of a type that this registry does not take: it takes OCI image manifests and indexes, ' +
      'and Docker image manifests (schema 2) and manifest lists',
    { detail: { mediaType: mediaType.slice(0, 200) } },
  );
}
