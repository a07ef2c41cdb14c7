import pLimit from 'p-limit';

/** All answers, in order, of a task that never runs more than `atOnce` times at once. Few items need no queue, which costs more than they do. */
export function mapAtMost<T, R>(atOnce: number, items: readonly T[], task: (item: T) => Promise<R>): Promise<R[]> {
  if (items.length <= atOnce) return Promise.all(items.map((item) => task(item)));
  return pLimit(atOnce).map(items, (item) => task(item));
}
