import {
  lifecycleSetting,
  retentionSetting,
  softDeleteSetting,
  unknownSetting,
  versioningSetting,
  type BucketSetting,
  type CallOptions,
} from '@atoll/storage';
import { z } from 'zod';
import { readJson } from './answers.js';
import type { GcsCalls } from './gcs-calls.js';
import { GcsFailure } from './gcs-failure.js';
import { LifecycleRule, takesLiveData } from './lifecycle.js';
import type { Place } from './place.js';

/** The parts of a bucket's metadata that matter to a registry; what is not set is absent. Numbers of 64 bits are text there. */
const Settings = z.object({
  versioning: z.object({ enabled: z.boolean().default(false) }).optional(),
  retentionPolicy: z
    .object({ retentionPeriod: z.coerce.number().default(0), isLocked: z.boolean().default(false) })
    .optional(),
  defaultEventBasedHold: z.boolean().default(false),
  softDeletePolicy: z.object({ retentionDurationSeconds: z.coerce.number().default(0) }).optional(),
  lifecycle: z.object({ rule: z.array(LifecycleRule).default([]) }).optional(),
  iamConfiguration: z.object({ publicAccessPrevention: z.string().optional() }).optional(),
});
type Settings = z.infer<typeof Settings>;

const FIELDS = Object.keys(Settings.shape).join(',');
const PERMISSION = 'storage.buckets.get';

/** What the bucket's own settings mean for a region in it. Never fails: what may not be asked is not known. */
export async function readSettings(
  calls: GcsCalls,
  place: Place,
  { signal }: CallOptions = {},
): Promise<BucketSetting[]> {
  const request = { method: 'GET', path: place.bucket({ fields: FIELDS }) };
  try {
    return settingsOf(await calls.send(request, readJson(Settings), { signal }), place.prefix);
  } catch (cause) {
    signal?.throwIfAborted();
    return [notSeen(cause)];
  }
}

/** @param metadata of the bucket, as the JSON interface tells them @param prefix what all keys of the region begin with */
export function settingsOf(metadata: unknown, prefix: string): BucketSetting[] {
  const settings = Settings.parse(metadata);
  return [
    versioningSetting(settings.versioning?.enabled ?? false),
    retentionSetting(whatRetains(settings)),
    softDeleteSetting(settings.softDeletePolicy?.retentionDurationSeconds),
    lifecycleOf(settings.lifecycle?.rule ?? [], prefix),
    publicAccessOf(settings.iamConfiguration?.publicAccessPrevention),
  ];
}

function whatRetains({ retentionPolicy: policy, defaultEventBasedHold }: Settings): string | undefined {
  if (policy !== undefined) {
    const locked = policy.isLocked ? 'a retention policy that is locked' : 'a retention policy';
    return `the bucket has ${locked} of ${policy.retentionPeriod} s`;
  }
  return defaultEventBasedHold ? 'the bucket puts an event-based hold on every new object' : undefined;
}

/** A class for what is rarely read is still read at once, for a price; only what is expired is lost. */
function lifecycleOf(rules: readonly LifecycleRule[], prefix: string): BucketSetting {
  const nameOf = (type: string): string | undefined => {
    const at = rules.findIndex((rule) => rule.action.type === type && takesLiveData(rule, prefix));
    return at < 0 ? undefined : `rule ${at + 1}`;
  };
  const moving = nameOf('SetStorageClass');
  const eating = nameOf('Delete');
  if (eating !== undefined || moving === undefined) return lifecycleSetting(eating);
  const meaning = `${moving} of the bucket moves live objects to another class of storage, whose reads and deletes cost more`;
  return { name: 'lifecycle', verdict: 'costs', meaning };
}

/** What anyone may read is kept by caches, so that a read would not see the write before it. */
function publicAccessOf(prevention: string | undefined): BucketSetting {
  const name = 'public access';
  if (prevention === 'enforced') return { name, verdict: 'fine', meaning: 'the bucket cannot be made public' };
  const meaning = 'the bucket itself does not prevent it: make sure that no one but the registry may read there';
  return { name, verdict: 'unknown', meaning };
}

function notSeen(cause: unknown): BucketSetting {
  const lacking = cause instanceof GcsFailure && cause.status === 403;
  if (!lacking) return unknownSetting('settings');
  const meaning = `versioning, retention, soft delete, lifecycle and public access were not seen: the identity lacks ${PERMISSION}`;
  return { name: 'settings', verdict: 'unknown', meaning };
}
