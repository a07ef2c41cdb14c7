import {
  emptyRegister,
  joinRegisters,
  liveSiblings,
  liveValue,
  sameRegister,
  type Digest,
  type Tag,
} from '@atoll/core';
import type { TagRegister } from '@atoll/registry';
import { NotYetError } from './failure.js';
import { checkDeadline, optionsOf, refuseFuture, type MergeContext } from './merge-context.js';
import { mergeManifest } from './merge-manifest.js';

const MAX_ROUNDS = 5;

/**
 * Takes in what the peer says of a tag, now. It is written only when the manifests of all its live siblings are here, not just the
 * one that is shown: any of them may be shown once another region's write arrives. Repeats do no harm.
 * @throws NotYetError when the peer does not have what it names, or writes faster than this region reads
 */
export async function mergeTag(context: MergeContext, tag: Tag): Promise<void> {
  const { reader, repository, signal } = context;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const remote = await reader.readTag(repository, tag, { signal });
    if (remote === undefined) return;
    refuseFuture(context, tag, remote);
    if ((await mergeState(context, tag, remote)) !== 'created') return;
    // What was read may be older than a delete that has been applied here and forgotten before the tag was created. The whole rule
    // runs again: writing the newer value alone could name a manifest that is not here.
    const now = await reader.readTag(repository, tag, { signal });
    if (now && sameRegister(now, remote)) return;
  }
  throw new NotYetError('the tag keeps changing at the peer');
}

async function mergeState(
  context: MergeContext,
  tag: Tag,
  remote: TagRegister,
): Promise<'unchanged' | 'merged' | 'created'> {
  const { registry, repository } = context;
  const local = await registry.tags.read(repository, tag, optionsOf(context));
  const joined = joinRegisters(local ?? emptyRegister, remote);
  const isNew = local === undefined || !sameRegister(joined, local);
  if (isNew) for (const { value } of liveSiblings(joined)) await requireManifest(context, value.digest);
  checkDeadline(context);
  const outcome = isNew ? await registry.tags.merge(repository, tag, remote, optionsOf(context)) : 'unchanged';
  if (liveValue(joined)) await removeIfDangling(context, tag);
  return outcome;
}

/** Afterwards the manifest is here, live, or deleted by a delete that knew it. @throws NotYetError */
async function requireManifest(context: MergeContext, digest: Digest): Promise<void> {
  if ((await stateOf(context, digest)) === 'live') return;
  await mergeManifest(context, digest);
  if ((await stateOf(context, digest)) !== 'absent') return;
  throw new NotYetError(`the peer's tag names ${digest}, which the peer does not have`);
}

/**
 * A manifest's delete takes along the tags that name it here. It could not know of a tag that was on its way, so the tag goes now:
 * as a write of this region, which the others hear of, and which a newer push of the tag survives. The tag is read before the manifest
 * and goes only unchanged: a push that brings the manifest back in between writes the tag after it.
 */
async function removeIfDangling(context: MergeContext, tag: Tag): Promise<void> {
  const { registry, repository } = context;
  const seen = await registry.tags.read(repository, tag, optionsOf(context));
  const shown = seen && liveValue(seen);
  if (!shown || (await stateOf(context, shown.digest)) !== 'deleted') return;
  checkDeadline(context);
  await registry.intents.hold(
    repository,
    { digests: [], children: [], tags: [tag] },
    async (intent) => {
      intent.keepOnFailure();
      if (!(await registry.tags.deleteUnchanged(repository, tag, seen, optionsOf(context)))) return;
      await registry.journal.append(repository, [{ kind: 'tag', tag }], optionsOf(context));
    },
    optionsOf(context),
  );
}

async function stateOf(
  { registry, repository, signal }: MergeContext,
  digest: Digest,
): Promise<'live' | 'deleted' | 'absent'> {
  const found = await registry.manifests.read(repository, digest, { signal });
  if (found === undefined) return 'absent';
  return liveValue(found.register) === undefined ? 'deleted' : 'live';
}
