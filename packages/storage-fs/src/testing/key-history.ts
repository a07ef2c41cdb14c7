import type { Version } from '@atoll/storage';

/** What was done to a key, in order: a body, or `undefined` for a deletion. */
export interface Change {
  readonly body: Buffer | undefined;
}

/**
 * What a key may hold, for one writer at a time: the last change that was acknowledged or seen by a reader, or any later one. A change
 * that failed may have happened, until a restart has decided it.
 */
export class KeyHistory {
  #changes: Change[] = [{ body: undefined }];
  #floor = 0;
  #issued = 0;
  version: Version | undefined;

  constructor(readonly key: string) {}

  /** A body that no other change has. */
  begin(sizeBytes: number | undefined): { readonly body: Buffer | undefined; readonly acknowledged: () => void } {
    const name = `${this.key}#${++this.#issued} `;
    const body = sizeBytes === undefined ? undefined : Buffer.alloc(Math.max(sizeBytes, name.length), name);
    const at = this.#changes.push({ body }) - 1;
    return { body, acknowledged: () => void (this.#floor = Math.max(this.#floor, at)) };
  }

  /** To be asked before a read whose answer goes to {@link read}. */
  get floor(): number {
    return this.#floor;
  }

  /** @throws Error when a reader that began at the floor must not see that */
  read(body: Buffer | undefined, floor = this.#floor): void {
    const at = this.#changes.findLastIndex((change) => sameBody(change.body, body));
    if (at < floor)
      throw new Error(`${this.key} holds ${textOf(body)}, not ${textOf(this.#changes[floor]?.body)} or later`);
    // Of several deletions any may have been seen.
    if (body !== undefined) this.#floor = Math.max(this.#floor, at);
  }

  /** What a restart has found is what happened: it may not change any more. */
  decide(body: Buffer | undefined): void {
    this.read(body);
    this.#changes = [{ body }];
    this.#floor = 0;
  }
}

function sameBody(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other);
}

function textOf(body: Buffer | undefined): string {
  return body === undefined ? 'nothing' : JSON.stringify(body.subarray(0, 40).toString('latin1').replaceAll('\0', '0'));
}
