import { concernsPrefix } from '@atoll/storage';
import { z } from 'zod';

/** A rule of a bucket: Cloud Storage, "Object Lifecycle Management". Objects have to meet all of its conditions. */
export const LifecycleRule = z.object({
  action: z.object({ type: z.string() }),
  condition: z
    .object({
      isLive: z.boolean().optional(),
      numNewerVersions: z.number().optional(),
      daysSinceNoncurrentTime: z.number().optional(),
      noncurrentTimeBefore: z.string().optional(),
      daysSinceCustomTime: z.number().optional(),
      customTimeBefore: z.string().optional(),
      matchesPrefix: z.array(z.string()).default([]),
    })
    .default({ matchesPrefix: [] }),
});
export type LifecycleRule = z.infer<typeof LifecycleRule>;

/** Whether it takes objects that are not replaced or deleted yet. One for some names' ends or classes of storage counts: tags end as they like. */
export function takesLiveData({ condition: of }: LifecycleRule, prefix: string): boolean {
  const onlyOld = of.isLive === false || (of.numNewerVersions ?? 0) > 0;
  const sinceReplaced = of.daysSinceNoncurrentTime !== undefined || of.noncurrentTimeBefore !== undefined;
  // A registry gives its objects no time of its own.
  const sinceCustom = of.daysSinceCustomTime !== undefined || of.customTimeBefore !== undefined;
  if (onlyOld || sinceReplaced || sinceCustom) return false;
  return of.matchesPrefix.length === 0 || of.matchesPrefix.some((named) => concernsPrefix(named, prefix));
}
