import {
  algorithmOf,
  digestOf,
  digestsOf,
  emptyRegister,
  joinRegisters,
  liveValue,
  parseManifest,
  sameRegister,
  type Descriptor,
  type Digest,
  type ParsedManifest,
} from '@atoll/core';
import type { ManifestObject } from '@atoll/registry';
import pLimit from 'p-limit';
import { MissingAtSourceError, NotYetError } from './failure.js';
import { checkDeadline, optionsOf, refuseFuture, type MergeContext } from './merge-context.js';

const CHILDREN_AT_ONCE = 8;
/** Deeper ones were pushed by themselves before, and so have jobs of their own that get there from below. */
const MAX_DEPTH = 16;
const MAX_ROUNDS = 4;

/**
 * Takes in what the peer says of a manifest, now. A live one comes after all it needs: the manifests an index names, then blobs, then
 * itself and its row among its subject's referrers. A referrer does not wait for its subject (distribution-spec, Referrers API).
 * Repeats do no harm.
 * @throws NotYetError when the peer does not have what it names
 */
export async function mergeManifest(context: MergeContext, digest: Digest, depth = 0): Promise<void> {
  if (depth > MAX_DEPTH) throw new NotYetError('an index is nested too deep to be fetched at once');
  const key = `${context.source} ${context.repository} ${digest}`;
  await context.manifestMutex.run(key, () => mergeUntilSettled(context, digest, depth));
}

/** A blob that is missing at the peer may mean that the manifest was deleted after it was read here. */
async function mergeUntilSettled(context: MergeContext, digest: Digest, depth: number): Promise<void> {
  const { reader, repository, signal } = context;
  for (let round = 1; ; round++) {
    const remote = await reader.readManifest(repository, digest, { signal });
    if (remote === undefined) return;
    try {
      await mergeState(context, digest, remote, depth);
      return;
    } catch (cause) {
      if (!(cause instanceof MissingAtSourceError) || round === MAX_ROUNDS) throw cause;
      const now = await reader.readManifest(repository, digest, { signal });
      if (now && sameRegister(now.register, remote.register)) throw cause;
    }
  }
}

async function mergeState(context: MergeContext, digest: Digest, remote: ManifestObject, depth: number): Promise<void> {
  const { registry, repository } = context;
  refuseFuture(context, digest, remote.register);
  const local = await registry.manifests.read(repository, digest, optionsOf(context));
  const joined = joinRegisters(local?.register ?? emptyRegister, remote.register);
  const value = liveValue(remote.register);
  const isNew = local === undefined || !sameRegister(joined, local.register);
  if (isNew && value !== undefined && liveValue(joined) !== undefined) {
    const bytes = verified(digest, remote);
    await bringParts(context, digest, parseManifest(bytes, value.mediaType), remote, depth);
    return;
  }
  // Also when there is nothing new: a merge that died on the way may have left out the referrers row.
  checkDeadline(context);
  await registry.manifests.merge(repository, digest, remote.register, undefined, optionsOf(context));
}

async function bringParts(
  context: MergeContext,
  digest: Digest,
  parsed: ParsedManifest,
  remote: ManifestObject,
  depth: number,
): Promise<void> {
  const { registry, repository } = context;
  const children = digestsOf(parsed.children);
  await pLimit(CHILDREN_AT_ONCE).map(children, (child) => mergeManifest(context, child, depth + 1));
  checkDeadline(context);
  const names = { digests: [...digestsOf([...parsed.blobs, ...parsed.foreign]), digest], children };
  await registry.intents.hold(
    repository,
    names,
    async () => {
      await bringBlobs(context, [...parsed.blobs, ...(await foreignAtSource(context, parsed))]);
      checkDeadline(context);
      await registry.manifests.merge(repository, digest, remote.register, remote.bytes, optionsOf(context));
    },
    optionsOf(context),
  );
}

/** Layers that clients fetch from elsewhere are there only where somebody pushed them all the same. */
async function foreignAtSource(context: MergeContext, { foreign }: ParsedManifest): Promise<Descriptor[]> {
  const { reader, repository, signal } = context;
  const found = await pLimit(CHILDREN_AT_ONCE).map([...foreign], async (layer) =>
    (await reader.findBlob(repository, layer.digest, { signal })) ? [layer] : [],
  );
  return found.flat();
}

async function bringBlobs(context: MergeContext, blobs: readonly Descriptor[]): Promise<void> {
  const { registry, repository, signal } = context;
  const missing = new Set(await registry.blobs.pin(repository, blobs, { signal }));
  const wanted = new Map(blobs.filter(({ digest }) => missing.has(digest)).map((blob) => [blob.digest, blob]));
  await allOrFirstFailure([...wanted.values()].map((blob) => context.copier.copy(context, blob)));
}

/** Unlike `Promise.all`, does not leave the others running when one fails: the intent that pins them ends with this call. */
async function allOrFirstFailure(tasks: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(tasks);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason instanceof Error ? failed.reason : new Error(String(failed.reason));
}

function verified(digest: Digest, { bytes }: ManifestObject): Buffer {
  if (bytes && digestOf(bytes, algorithmOf(digest)) === digest) return bytes;
  throw new NotYetError(`the peer's manifest does not have its digest ${digest}`);
}
