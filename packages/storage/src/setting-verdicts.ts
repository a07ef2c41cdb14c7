import type { BucketSetting } from './object-store.js';

/** Whether what is replaced or deleted stays. */
export function versioningSetting(keeps: boolean): BucketSetting {
  return keeps
    ? {
        name: 'versioning',
        verdict: 'costs',
        meaning: 'the bucket keeps every version: what is replaced or deleted still takes room until a rule expires it',
      }
    : { name: 'versioning', verdict: 'fine', meaning: 'the bucket keeps no old versions' };
}

/** For how long what is deleted stays, and is paid for; not at all by default. */
export function softDeleteSetting(seconds = 0): BucketSetting {
  const name = 'soft delete';
  if (seconds <= 0) return { name, verdict: 'fine', meaning: 'what is deleted is gone at once' };
  const days = Math.ceil(seconds / 86_400);
  const meaning = `what is replaced or deleted still takes room for ${days === 1 ? 'a day' : `${days} days`}`;
  return { name, verdict: 'costs', meaning };
}

/** @param why what retains objects, as the beginning of a sentence */
export function retentionSetting(why: string | undefined): BucketSetting {
  const name = 'retention';
  if (why === undefined) return { name, verdict: 'fine', meaning: 'nothing is retained by default' };
  const meaning = `${why}, which is not supported: writes may be refused, and no room comes back`;
  return { name, verdict: 'harmful', meaning };
}

/** @param eating the rule that takes what a region still needs, as it is called at the beginning of a sentence */
export function lifecycleSetting(eating: string | undefined): BucketSetting {
  const name = 'lifecycle';
  return eating === undefined
    ? { name, verdict: 'fine', meaning: 'no rule of the bucket expires what the registry needs' }
    : { name, verdict: 'harmful', meaning: `${eating} of the bucket expires objects that the registry still needs` };
}

export function unknownSetting(name: string): BucketSetting {
  return { name, verdict: 'unknown', meaning: 'these credentials may not ask, or the server does not know' };
}

/** Whether a rule for names that begin with `named` concerns what is below a region's prefix. */
export function concernsPrefix(named: string, prefix: string): boolean {
  return prefix.startsWith(named) || named.startsWith(prefix);
}
