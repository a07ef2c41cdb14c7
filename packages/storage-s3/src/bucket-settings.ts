import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  type LifecycleRule,
} from '@aws-sdk/client-s3';
import {
  concernsPrefix,
  lifecycleSetting,
  unknownSetting,
  versioningSetting,
  type BucketSetting,
  type CallOptions,
} from '@atoll/storage';
import { failureOf } from './failure-of.js';
import type { S3Calls } from './s3-calls.js';

const NOT_SET = ['NoSuchLifecycleConfiguration', 'ObjectLockConfigurationNotFoundError'];

interface Where {
  readonly bucket: string;
  /** What all keys of the region begin with. */
  readonly prefix: string;
}

/** What the bucket's own settings mean for a region in it. Never fails: what may not be asked is not known. */
export async function readSettings(
  calls: S3Calls,
  { bucket, prefix }: Where,
  { signal }: CallOptions = {},
): Promise<BucketSetting[]> {
  const Bucket = { Bucket: bucket };
  const ask = (name: string, read: () => Promise<BucketSetting>) => unlessRefused(name, read, signal);
  return Promise.all([
    ask('versioning', async () => {
      const answer = await calls.send((o) => calls.client.send(new GetBucketVersioningCommand(Bucket), o), { signal });
      return versioningOf(answer.Status);
    }),
    ask('object lock', async () => {
      const answer = await calls.send((o) => calls.client.send(new GetObjectLockConfigurationCommand(Bucket), o), {
        signal,
      });
      return lockOf(answer.ObjectLockConfiguration?.Rule?.DefaultRetention !== undefined);
    }),
    ask('lifecycle', async () => {
      const command = new GetBucketLifecycleConfigurationCommand(Bucket);
      const answer = await calls.send((o) => calls.client.send(command, o), { signal });
      return lifecycleOf(answer.Rules ?? [], prefix);
    }),
  ]);
}

export function versioningOf(status: string | undefined): BucketSetting {
  return versioningSetting(status === 'Enabled');
}

export function lockOf(retains: boolean): BucketSetting {
  return retains
    ? {
        name: 'object lock',
        verdict: 'harmful',
        meaning:
          'the bucket retains every version by default, which is not supported: writes may be refused, and no room comes back',
      }
    : { name: 'object lock', verdict: 'fine', meaning: 'no version is retained by default' };
}

/** A rule that expires what a region still needs loses data; one that ends old uploads and old versions is wanted. */
export function lifecycleOf(rules: readonly LifecycleRule[], prefix: string): BucketSetting {
  const eating = rules.find((rule) => rule.Status === 'Enabled' && expires(rule) && concerns(rule, prefix));
  if (eating === undefined) return lifecycleSetting(undefined);
  return lifecycleSetting(eating.ID === undefined ? 'a rule' : `the rule ${JSON.stringify(eating.ID)}`);
}

function expires({ Expiration, Transitions }: LifecycleRule): boolean {
  return Expiration?.Days !== undefined || Expiration?.Date !== undefined || (Transitions ?? []).some(isArchive);
}

/** Objects that were moved there cannot be read without waiting for hours. */
function isArchive({ StorageClass }: { readonly StorageClass?: string | undefined }): boolean {
  return StorageClass === 'GLACIER' || StorageClass === 'DEEP_ARCHIVE';
}

/** Rules for tagged objects are for others: a registry tags none. */
function concerns({ Filter, Prefix }: LifecycleRule, prefix: string): boolean {
  if (Filter?.Tag !== undefined || (Filter?.And?.Tags ?? []).length > 0) return false;
  return concernsPrefix(Filter?.Prefix ?? Filter?.And?.Prefix ?? Prefix ?? '', prefix);
}

async function unlessRefused(
  name: string,
  read: () => Promise<BucketSetting>,
  signal: AbortSignal | undefined,
): Promise<BucketSetting> {
  try {
    return await read();
  } catch (cause) {
    signal?.throwIfAborted();
    const failure = failureOf(cause);
    if (failure && NOT_SET.includes(failure.code)) {
      return name === 'lifecycle' ? lifecycleOf([], '') : lockOf(false);
    }
    return unknownSetting(name);
  }
}
