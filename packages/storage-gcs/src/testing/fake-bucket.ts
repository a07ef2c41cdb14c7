import { compareKeys, lowerBound } from '@atoll/storage';
import { crc32cOf, lazily, md5 } from './checksums.js';
import { conditionNotMet, FakeError, noSuchObject } from './fake-error.js';
import { FakeMultipart } from './fake-multipart.js';
import { FakeSessions } from './fake-sessions.js';

export interface Stored {
  readonly name: string;
  readonly body: Buffer;
  readonly generation: bigint;
  readonly modified: Date;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly crc32c: () => string;
  /** Of an object that was made of parts, only a checksum of another kind is known. */
  readonly md5Hash?: string;
}

export interface NewObject {
  readonly body: Buffer;
  readonly contentType?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly ofParts?: boolean;
}

export interface Conditions {
  readonly ifGenerationMatch?: string | undefined;
  readonly ifGenerationNotMatch?: string | undefined;
}

/** One bucket in memory. Every change is one step, so of racing conditional writes exactly one succeeds. */
export class FakeBucket {
  /** Whether an object may be written once a second only, as its service says of itself. */
  limitsWrites = false;
  /** What its owner has set, as its metadata tell it. Changed by tests at any time. */
  settings: Readonly<Record<string, unknown>> = {};
  readonly multipart = new FakeMultipart();
  readonly sessions = new FakeSessions();
  readonly #objects = new Map<string, Stored>();
  readonly #names: string[] = [];
  #generation = 0n;

  constructor(
    readonly name: string,
    private readonly now: () => number,
    private readonly ignoresConditions: boolean,
    readonly endpoint: string,
  ) {}

  /** @throws FakeError 304 where the caller has this generation, 412 where it wants another */
  get(name: string, { ifGenerationMatch, ifGenerationNotMatch }: Conditions = {}): Stored {
    const stored = this.#objects.get(name);
    if (stored === undefined) throw noSuchObject(this.name, name);
    if (this.ignoresConditions) return stored;
    if (ifGenerationMatch !== undefined && ifGenerationMatch !== String(stored.generation)) throw conditionNotMet();
    if (ifGenerationNotMatch === String(stored.generation)) throw new FakeError(304, 'NotModified', 'Not modified');
    return stored;
  }

  put(name: string, { body, contentType, metadata = {}, ofParts = false }: NewObject, conditions: Conditions): Stored {
    this.#check(name, conditions);
    const before = this.#objects.get(name);
    if (this.limitsWrites && before !== undefined && this.now() - before.modified.getTime() < 1_000) {
      throw new FakeError(429, 'SlowDown', `The object ${this.name}/${name} exceeded the rate limit`);
    }
    if (before === undefined) this.#names.splice(lowerBound(this.#names, name), 0, name);
    const stored: Stored = {
      name,
      body,
      generation: this.#nextGeneration(),
      modified: new Date(this.now()),
      contentType: contentType ?? 'application/octet-stream',
      metadata,
      crc32c: lazily(() => crc32cOf(body)),
      ...(!ofParts && { md5Hash: md5(body) }),
    };
    this.#objects.set(name, stored);
    return stored;
  }

  delete(name: string, conditions: Conditions): void {
    if (!this.#objects.has(name)) throw noSuchObject(this.name, name);
    this.#check(name, conditions);
    this.#objects.delete(name);
    this.#names.splice(lowerBound(this.#names, name), 1);
  }

  /** From `from` on, itself included. */
  list(prefix: string, from: string, limit: number): { entries: Stored[]; more: boolean } {
    const entries: Stored[] = [];
    for (let at = lowerBound(this.#names, compareKeys(from, prefix) < 0 ? prefix : from); ; at++) {
      const name = this.#names[at];
      if (!name?.startsWith(prefix)) return { entries, more: false };
      if (entries.length === limit) return { entries, more: true };
      entries.push(this.get(name));
    }
  }

  #check(name: string, { ifGenerationMatch, ifGenerationNotMatch }: Conditions): void {
    if (this.ignoresConditions) return;
    const current = String(this.#objects.get(name)?.generation ?? 0n);
    if (ifGenerationMatch !== undefined && ifGenerationMatch !== current) throw conditionNotMet();
    if (ifGenerationNotMatch !== undefined && ifGenerationNotMatch === current) throw conditionNotMet();
  }

  /** The microsecond of the write, or the next one that is free. */
  #nextGeneration(): bigint {
    const now = BigInt(this.now()) * 1000n;
    this.#generation = now > this.#generation ? now : this.#generation + 1n;
    return this.#generation;
  }
}
