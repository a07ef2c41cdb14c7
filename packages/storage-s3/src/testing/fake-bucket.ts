import { compareKeys, lowerBound } from '@atoll/storage';
import { FakeUploads, md5, type NamedPart } from './fake-uploads.js';
import { FakeError } from './s3-error.js';

export interface Stored {
  readonly body: Buffer;
  readonly etag: string;
  readonly modified: Date;
}

export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** The settings of a bucket, as the content of what the server answers in XML; what is not set is absent. */
export interface FakeSettings {
  readonly versioning?: string;
  readonly objectLock?: string;
  readonly lifecycle?: string;
}

/** One bucket in memory. Every change is one step, so of racing conditional writes exactly one succeeds. */
export class FakeBucket {
  readonly uploads = new FakeUploads();
  /** Changed by tests at any time; `undefined` for a server that knows of none. */
  settings: FakeSettings | undefined;
  readonly #objects = new Map<string, Stored>();
  readonly #keys: string[] = [];

  constructor(
    private readonly now: () => number,
    private readonly ignoresConditions: boolean,
  ) {}

  get(key: string): Stored {
    const stored = this.#objects.get(key);
    if (stored === undefined) throw new FakeError(404, 'NoSuchKey');
    return stored;
  }

  put(key: string, body: Buffer, conditions: Conditions, etag = md5(body)): string {
    this.#check(key, conditions);
    if (!this.#objects.has(key)) this.#keys.splice(lowerBound(this.#keys, key), 0, key);
    this.#objects.set(key, { body, etag, modified: new Date(this.now()) });
    return etag;
  }

  delete(key: string, conditions: Conditions): void {
    this.#check(key, conditions);
    if (this.#objects.delete(key)) this.#keys.splice(lowerBound(this.#keys, key), 1);
  }

  complete(key: string, id: string, parts: readonly NamedPart[], conditions: Conditions): string {
    const { body, etag } = this.uploads.assemble(key, id, parts);
    this.put(key, body, conditions, etag);
    this.uploads.end(key, id);
    return etag;
  }

  list(prefix: string, after: string, limit: number): { entries: [string, Stored][]; more: boolean } {
    const entries: [string, Stored][] = [];
    for (let at = lowerBound(this.#keys, compareKeys(after, prefix) < 0 ? prefix : `${after}\0`); ; at++) {
      const key = this.#keys[at];
      if (!key?.startsWith(prefix)) return { entries, more: false };
      if (entries.length === limit) return { entries, more: true };
      entries.push([key, this.get(key)]);
    }
  }

  #check(key: string, { ifMatch, ifNoneMatch }: Conditions): void {
    if (this.ignoresConditions) return;
    const current = this.#objects.get(key)?.etag;
    if (ifNoneMatch !== undefined && ifNoneMatch !== '*') throw new FakeError(501, 'NotImplemented');
    if (ifNoneMatch === '*' && current !== undefined) throw new FakeError(412, 'PreconditionFailed');
    if (ifMatch === undefined) return;
    if (current === undefined) throw new FakeError(404, 'NoSuchKey');
    if (ifMatch.replaceAll('"', '') !== current) throw new FakeError(412, 'PreconditionFailed');
  }
}
