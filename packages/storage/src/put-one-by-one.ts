import type { CallOptions, ObjectStore, OrderedPut, PutOutcome } from './object-store.js';

/** What `putInOrder` means, made of single puts. */
export async function putOneByOne(
  store: Pick<ObjectStore, 'put'>,
  puts: readonly OrderedPut[],
  o: CallOptions = {},
): Promise<PutOutcome[]> {
  const outcomes: PutOutcome[] = [];
  for (const { key, body, condition } of puts) {
    const outcome = await store.put(key, body, condition, o);
    outcomes.push(outcome);
    if (outcome === 'conflict') break;
  }
  return outcomes;
}
