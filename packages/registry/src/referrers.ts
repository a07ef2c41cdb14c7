import { isDeepStrictEqual } from 'node:util';
import { liveValue, parseManifest, type Digest, type RepositoryName } from '@atoll/core';
import { keys, type CallOptions, type ObjectStore, type Version } from '@atoll/storage';
import { z } from 'zod';
import { updateObject, type Updated } from './cas.js';
import { digestField, sizeField } from './fields.js';
import { jsonCodec, readObject } from './json-object.js';
import { manifestCodec, type ManifestObject } from './register-object.js';

/** A descriptor as the referrers API shows it, and nothing more; distribution-spec, Listing Referrers. */
export interface ReferrerRow {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Page {
  readonly rows: readonly ReferrerRow[];
  /** A page after this one has been begun, so that most lists end with the first read. */
  readonly next: boolean;
}

const MAX_ROWS = 500;
/** Clients read a referrers list of up to 4 MiB; a page leaves room for its frame. */
const MAX_PAGE_BYTES = 4_000_000;

const pageCodec = jsonCodec<Page>(
  z.object({
    next: z.boolean(),
    rows: z.array(
      z.object({
        mediaType: z.string(),
        digest: digestField,
        size: sizeField,
        artifactType: z.string().exactOptional(),
        annotations: z.record(z.string(), z.string()).exactOptional(),
      }),
    ),
  }),
);

/** Which manifests of a repository name which as their `subject`: derived from the manifests, and kept so that a list is one read. */
export class Referrers {
  constructor(private readonly store: Pick<ObjectStore, 'get' | 'head' | 'put'>) {}

  /** Every referrer, in the order of the pages; none for a subject or a repository that does not exist. One read per page. */
  async list(repository: RepositoryName, subject: Digest, o: CallOptions = {}): Promise<ReferrerRow[]> {
    const rows: ReferrerRow[] = [];
    for (let number = 0; ; number++) {
      const found = await readObject(this.store, keys.referrers(repository, subject, number), pageCodec, o);
      rows.push(...(found?.value.rows ?? []));
      if (!found?.value.next) return rows;
    }
  }

  /**
   * Makes the subject's rows say what the referrer's register says now. Safe to repeat, and to race: whoever changes a manifest calls
   * this after, and it ends only when the register is the same before and after the row was written. So of a push and a delete that
   * race, the one that wrote the register last, or the other that sees it, leaves the right row.
   */
  async sync(repository: RepositoryName, subject: Digest, referrer: Digest, o: CallOptions = {}): Promise<void> {
    const key = keys.manifest(repository, referrer);
    for (;;) {
      const found = await readObject(this.store, key, manifestCodec, o);
      const row = found && rowOf(referrer, found.value);
      const wrote = row
        ? await this.#add(repository, subject, row, o)
        : await this.#remove(repository, subject, referrer, o);
      if (!wrote || (await this.#version(key, o)) === found?.version) return;
    }
  }

  /** Rows are added to the last page only, by CAS and after all pages before were seen, so that no row stands twice. */
  async #add(repository: RepositoryName, subject: Digest, row: ReferrerRow, o: CallOptions): Promise<boolean> {
    for (let number = 0; ; number++) {
      const page = await this.#update(repository, subject, number, (old) => added(old, row), o);
      if (page?.value.rows.some(({ digest }) => digest === row.digest)) return page.outcome !== 'unchanged';
    }
  }

  async #remove(repository: RepositoryName, subject: Digest, referrer: Digest, o: CallOptions): Promise<boolean> {
    for (let number = 0; ; number++) {
      const page = await this.#update(repository, subject, number, (old) => removed(old, referrer), o);
      if (page?.outcome === 'replaced') return true;
      if (!page?.value.next) return false;
    }
  }

  #update(
    repository: RepositoryName,
    subject: Digest,
    number: number,
    change: (page: Page | undefined) => Page | undefined,
    o: CallOptions,
  ): Promise<Updated<Page> | undefined> {
    const key = keys.referrers(repository, subject, number);
    return updateObject(this.store, key, pageCodec, change, { signal: o.signal });
  }

  async #version(key: string, o: CallOptions): Promise<Version | undefined> {
    return (await this.store.head(key, { signal: o.signal }))?.version;
  }
}

function rowOf(digest: Digest, { register, bytes }: ManifestObject): ReferrerRow | undefined {
  const live = liveValue(register);
  if (!live || !bytes) return undefined;
  const { artifactType, annotations } = parseManifest(bytes, live.mediaType);
  return {
    mediaType: live.mediaType,
    digest,
    size: live.sizeBytes,
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations && { annotations }),
  };
}

function added(page: Page | undefined, row: ReferrerRow): Page | undefined {
  const { rows, next } = page ?? { rows: [], next: false };
  const at = rows.findIndex(({ digest }) => digest === row.digest);
  if (at >= 0) return isDeepStrictEqual(rows[at], row) ? undefined : { next, rows: rows.with(at, row) };
  if (next) return undefined;
  return isRoomFor(rows, row) ? { next, rows: [...rows, row] } : { next: true, rows };
}

function removed(page: Page | undefined, referrer: Digest): Page | undefined {
  if (!page?.rows.some(({ digest }) => digest === referrer)) return undefined;
  return { ...page, rows: page.rows.filter(({ digest }) => digest !== referrer) };
}

/** A row too big to stand beside others has a page to itself. */
function isRoomFor(rows: readonly ReferrerRow[], row: ReferrerRow): boolean {
  if (rows.length === 0) return true;
  return rows.length < MAX_ROWS && Buffer.byteLength(JSON.stringify([...rows, row])) <= MAX_PAGE_BYTES;
}
