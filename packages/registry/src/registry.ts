import { systemClock, type Clock } from '@atoll/core';
import type { BufferPool, ObjectStore } from '@atoll/storage';
import { Blobs } from './blobs.js';
import { Catalog } from './catalog.js';
import { HashThread } from './hash-thread.js';
import { Intents } from './intents.js';
import { Journal } from './journal.js';
import { Manifests } from './manifests.js';
import { References } from './references.js';
import { Referrers } from './referrers.js';
import { originOf, type RegionIdentity } from './region.js';
import { ResumableCopies, type ResumableCopiesParts } from './resumable-copies.js';
import { Tags } from './tags.js';
import { Uploads, type UploadsParts } from './uploads.js';

/** Where the registry tells of what it handled and a person may want to know. */
export interface RegistryLog {
  info(message: string, facts?: Record<string, unknown>): void;
  warn(message: string, facts?: Record<string, unknown>): void;
}

/** How long uploads live, and the sizes they are cut into. */
export type UploadLimits = Pick<UploadsParts, 'ttlSeconds' | 'sweepAfterSeconds' | 'sizes'>;

/** From which size on blobs of other regions come in parts, and the sizes of these. */
export type CopyLimits = Pick<ResumableCopiesParts, 'leastBytes' | 'sizes'>;

export interface RegistryOptions {
  readonly store: ObjectStore;
  readonly identity: RegionIdentity;
  readonly clock?: Clock;
  readonly uploads?: UploadLimits;
  readonly copies?: CopyLimits;
  readonly log?: RegistryLog;
}

/** One region's registry on its store: every part, wired. Holds nothing that another process of the region would miss. */
export class Registry {
  readonly store: ObjectStore;
  readonly identity: RegionIdentity;
  readonly blobs: Blobs;
  readonly uploads: Uploads;
  /** What other regions have, on its way in. */
  readonly copies: ResumableCopies;
  readonly manifests: Manifests;
  readonly tags: Tags;
  readonly referrers: Referrers;
  readonly catalog: Catalog;
  readonly journal: Journal;
  readonly intents: Intents;
  /** Where large content that comes in is best gathered: what stores it need not copy it then. */
  readonly contentMemory: BufferPool;

  constructor({ store, identity, clock = systemClock, uploads = {}, copies = {}, log }: RegistryOptions) {
    const origin = originOf(identity);
    const catalog = new Catalog(store, origin, clock);
    const journal = new Journal(store, identity, clock);
    const intents: Intents = new Intents({
      store,
      catalog,
      clock,
      settle: (repository, intent, o) => this.manifests.settle(repository, intent, o),
      onLeftBehind: (cause) => log?.warn('intent left behind', { cause }),
    });
    const references = new References(store, intents);
    const referrers = new Referrers(store);
    const hashes = new HashThread();
    const blobs = new Blobs({ store, references, catalog, clock, hashes });
    const tags = new Tags({ store, origin, catalog, intents, journal, clock });
    const onLeftBehind = (cause: unknown) => log?.warn('upload left behind', { cause });
    this.store = store;
    this.identity = identity;
    this.catalog = catalog;
    this.journal = journal;
    this.intents = intents;
    this.contentMemory = hashes.memory;
    this.referrers = referrers;
    this.blobs = blobs;
    this.uploads = new Uploads({ store, identity, blobs, clock, hashes, onLeftBehind, ...uploads });
    this.copies = new ResumableCopies({ store, blobs, clock, hashes, onLeftBehind, ...copies });
    this.tags = tags;
    this.manifests = new Manifests({
      store,
      origin,
      blobs,
      tags,
      referrers,
      references,
      catalog,
      intents,
      journal,
      clock,
    });
  }
}
