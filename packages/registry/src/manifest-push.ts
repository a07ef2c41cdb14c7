import {
  algorithmOf,
  digestOf,
  liveValue,
  parseManifest,
  RegistryError,
  type Descriptor,
  type Digest,
  type ParsedManifest,
  type Reference,
  type RepositoryName,
  type Tag,
} from '@atoll/core';
import { keys, type CallOptions, type ObjectStore } from '@atoll/storage';
import { readObject } from './json-object.js';
import { mapAtMost } from './map-at-most.js';
import type { Precondition } from './precondition.js';
import { manifestCodec } from './register-object.js';

const CHILDREN_AT_ONCE = 16;

export interface ManifestPush {
  readonly reference: Reference;
  /** Tags to set too; only where `reference` is a digest. */
  readonly tags?: readonly Tag[] | undefined;
  /** The request's. */
  readonly contentType?: string | undefined;
  readonly bytes: Uint8Array;
  /** Nothing is changed unless this holds for what the name stands for; see {@link Manifests.put}. */
  readonly onlyIf?: { readonly name: Reference; readonly holds: Precondition } | undefined;
  readonly requestId?: string | undefined;
}

/** A push that has been checked against itself, and not yet against the repository. */
export interface CheckedPush {
  readonly parsed: ParsedManifest;
  readonly digest: Digest;
  readonly tags: readonly Tag[];
  readonly bytes: Buffer;
  readonly onlyIf?: ManifestPush['onlyIf'];
}

/** What keeps the blobs that a manifest is about to name; answers with those that are not there. */
export interface BlobPins {
  pin(repository: RepositoryName, blobs: readonly Descriptor[], o: CallOptions): Promise<readonly Digest[]>;
}

/** @throws RegistryError MANIFEST_INVALID, DIGEST_INVALID, TAG_INVALID */
export function checkPush({ reference, tags = [], contentType, bytes: body, onlyIf }: ManifestPush): CheckedPush {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const parsed = parseManifest(bytes, contentType);
  if ('tag' in reference) {
    if (tags.length === 0) return { parsed, digest: digestOf(bytes), tags: [reference.tag], bytes, onlyIf };
    throw new RegistryError('TAG_INVALID', 'further tags can be given only where the manifest is pushed by digest');
  }
  const digest = digestOf(bytes, algorithmOf(reference.digest));
  if (digest === reference.digest) return { parsed, digest, tags: [...new Set(tags)], bytes, onlyIf };
  throw new RegistryError('DIGEST_INVALID', 'the manifest does not have the digest it is pushed by', {
    detail: { expected: reference.digest, actual: digest },
  });
}

/**
 * Makes sure that everything the manifest names is in the repository. After the intent, so that what is found here stays; the subject
 * need not be there. @throws RegistryError MANIFEST_BLOB_UNKNOWN with a row per missing digest, MANIFEST_INVALID
 */
export async function requireParts(
  { store, blobs }: { readonly store: Pick<ObjectStore, 'get'>; readonly blobs: BlobPins },
  repository: RepositoryName,
  parsed: ParsedManifest,
  o: CallOptions,
): Promise<void> {
  const absent = await Promise.all([
    blobs.pin(repository, distinct(parsed.blobs), o),
    missingChildren(store, repository, parsed.children, o),
  ]);
  const [first, ...others] = [...new Set(absent.flat())].map(missing);
  if (first) throw new RegistryError(first.code, first.message, { detail: first.detail, others });
  if (parsed.foreign.length > 0) await blobs.pin(repository, distinct(parsed.foreign), o);
}

async function missingChildren(
  store: Pick<ObjectStore, 'get'>,
  repository: RepositoryName,
  children: readonly Descriptor[],
  o: CallOptions,
): Promise<Digest[]> {
  const found = await mapAtMost(CHILDREN_AT_ONCE, distinct(children), async ({ digest, size }) => {
    const child = await readObject(store, keys.manifest(repository, digest), manifestCodec, o);
    const live = child && liveValue(child.value.register);
    if (!live) return [digest];
    if (live.sizeBytes === size) return [];
    throw new RegistryError('MANIFEST_INVALID', `a manifest has ${live.sizeBytes} bytes, not ${size}`, {
      detail: { digest },
    });
  });
  return found.flat();
}

function missing(digest: Digest) {
  const message = 'the manifest names content that is not in this repository';
  return { code: 'MANIFEST_BLOB_UNKNOWN' as const, message, detail: { digest } };
}

/** A manifest may name the same part many times. Two sizes for one digest stay two, so that the false one is found. */
function distinct(descriptors: readonly Descriptor[]): Descriptor[] {
  return [...new Map(descriptors.map((one) => [`${one.digest} ${one.size}`, one])).values()];
}
