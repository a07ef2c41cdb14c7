import { appendFileSync } from 'node:fs';
import type { Image } from './images.js';

export interface Promised {
  readonly region: string;
  readonly repository: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly blobs: readonly { readonly digest: string; readonly sizeBytes: number }[];
}

const ABSENT = 'absent';

/** What one tag may name: what was acknowledged last, or anything asked for since whose answer never came. */
interface OwnedTag {
  readonly repository: string;
  readonly tag: string;
  acknowledged: string;
  readonly unanswered: Set<string>;
}

/**
 * All that a registry has promised to the pushers of one storm, as an append-only list on disk and in memory.
 * A manifest leaves the promises when its deletion is asked for, and is promised to be gone when that is acknowledged.
 */
export class Ledger {
  readonly #promised = new Map<string, Promised>();
  readonly #deleted = new Map<string, Promised>();
  readonly #tags = new Map<string, OwnedTag>();
  #acknowledged = 0;

  constructor(private readonly file: string) {}

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get promised(): Promised[] {
    return [...this.#promised.values()];
  }

  get deleted(): Promised[] {
    return [...this.#deleted.values()];
  }

  get tags(): { repository: string; tag: string; allowed: ReadonlySet<string> }[] {
    return [...this.#tags.values()].map(({ repository, tag, acknowledged, unanswered }) => ({
      repository,
      tag,
      allowed: new Set([acknowledged, ...unanswered]),
    }));
  }

  pushed(region: string, repository: string, { digest, bytes, blobs }: Image): Promised {
    const promised = {
      region,
      repository,
      digest,
      sizeBytes: bytes.length,
      blobs: blobs.map((blob) => ({ digest: blob.digest, sizeBytes: blob.bytes.length })),
    };
    this.#promised.set(`${repository}@${digest}`, promised);
    this.#note('pushed', region, repository, digest);
    return promised;
  }

  deleting({ region, repository, digest }: Promised): void {
    this.#promised.delete(`${repository}@${digest}`);
    this.#note('deleting', region, repository, digest);
  }

  deletedManifest(gone: Promised): void {
    this.#deleted.set(`${gone.repository}@${gone.digest}`, gone);
    this.#note('deleted', gone.region, gone.repository, gone.digest);
  }

  /** A tag that only one pusher writes is about to name `digest`, or nothing. */
  tagging(repository: string, tag: string, digest: string = ABSENT): void {
    this.#owned(repository, tag).unanswered.add(digest);
  }

  tagged(repository: string, tag: string, digest: string = ABSENT): void {
    const owned = this.#owned(repository, tag);
    owned.acknowledged = digest;
    owned.unanswered.clear();
    this.#note('tagged', tag, repository, digest);
  }

  #owned(repository: string, tag: string): OwnedTag {
    const name = `${repository}:${tag}`;
    const owned = this.#tags.get(name) ?? { repository, tag, acknowledged: ABSENT, unanswered: new Set<string>() };
    this.#tags.set(name, owned);
    return owned;
  }

  #note(...words: string[]): void {
    if (words[0] === 'pushed') this.#acknowledged += 1;
    appendFileSync(this.file, `${words.join(' ')}\n`);
  }
}

export function absentTag(): string {
  return ABSENT;
}
