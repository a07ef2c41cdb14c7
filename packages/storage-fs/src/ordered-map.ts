const MAX_BUCKET = 512;

interface Bucket<V> {
  readonly names: string[];
  readonly values: (V | undefined)[];
}

/**
 * Names in ASCII with a value each, in the order of their bytes, which for such names is that of `<`. Finding, inserting and removing
 * one moves at most a bucket's names, however many there are.
 */
export class OrderedMap<V> {
  /** Never empty; no bucket but the first of an empty map is. */
  readonly #buckets: Bucket<V>[] = [{ names: [], values: [] }];

  has(name: string): boolean {
    const { bucket, at } = this.#find(name);
    return bucket.names[at] === name;
  }

  get(name: string): V | undefined {
    const { bucket, at } = this.#find(name);
    return bucket.names[at] === name ? bucket.values[at] : undefined;
  }

  /** Leaves the value of a name that is there. @returns whether the name is new */
  add(name: string): boolean {
    const { index, bucket, at } = this.#find(name);
    if (bucket.names[at] === name) return false;
    bucket.names.splice(at, 0, name);
    bucket.values.splice(at, 0, undefined);
    if (bucket.names.length > MAX_BUCKET) this.#split(index, bucket);
    return true;
  }

  /** Changes the value of a name, if it is there. */
  set(name: string, value: V | undefined): void {
    const { bucket, at } = this.#find(name);
    if (bucket.names[at] === name) bucket.values[at] = value;
  }

  /** @returns whether the name was there */
  delete(name: string): boolean {
    const { index, bucket, at } = this.#find(name);
    if (bucket.names[at] !== name) return false;
    bucket.names.splice(at, 1);
    bucket.values.splice(at, 1);
    if (bucket.names.length === 0 && this.#buckets.length > 1) this.#buckets.splice(index, 1);
    return true;
  }

  /** The first `limit` names that are not before `start`, as they are now. `start` may be any text. */
  from(start: string, limit: number): { name: string; value: V | undefined }[] {
    const found: { name: string; value: V | undefined }[] = [];
    let { index, at } = this.#find(start);
    for (let bucket = this.#buckets[index]; bucket !== undefined; bucket = this.#buckets[++index], at = 0) {
      for (; at < bucket.names.length; at++) {
        if (found.length === limit) return found;
        found.push({ name: bucket.names[at] ?? '', value: bucket.values[at] });
      }
    }
    return found;
  }

  /** Where a name stands, or would stand. */
  #find(name: string): { index: number; bucket: Bucket<V>; at: number } {
    // The last bucket that does not begin after the name.
    let index = 0;
    for (let end = this.#buckets.length; end - index > 1;) {
      const middle = (index + end) >>> 1;
      if ((this.#buckets[middle]?.names[0] ?? '') <= name) index = middle;
      else end = middle;
    }
    const bucket = this.#buckets[index] ?? { names: [], values: [] };
    return { index, bucket, at: firstNotBefore(name, bucket.names) };
  }

  #split(index: number, { names, values }: Bucket<V>): void {
    const half = names.length >>> 1;
    this.#buckets.splice(index + 1, 0, { names: names.splice(half), values: values.splice(half) });
  }
}

function firstNotBefore(name: string, names: readonly string[]): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
