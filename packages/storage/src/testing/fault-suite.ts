import type { ServerFault, FaultPlan } from '../fault-plan.js';
import type { RetryPlan } from '../attempts.js';
import type { ObjectStore } from '../object-store.js';

/** A service in this process that fails where it is told to (`@atoll/storage/faulty-server`). */
export interface FaultyFake<Name extends string> {
  /** How far its clock is off. */
  skewMs: number;
  readonly faults: FaultPlan<Name>;
  asked(name: Name): Promise<void>;
  takeCounts(): Partial<Record<Name, number>>;
}

export interface StandOptions {
  readonly url?: string;
  readonly readOnly?: boolean;
  readonly conditionalDelete?: boolean;
  readonly retries?: Partial<RetryPlan>;
  readonly timeouts?: { readonly answerMs?: number; readonly idleMs?: number };
}

/** A fake and stores on an empty bucket of it. */
export interface FaultStand<Name extends string> {
  readonly fake: FaultyFake<Name> & { url(bucket: string): string };
  open(options?: StandOptions): ObjectStore;
  /** An object that another has put into the bucket. */
  plant(key: string, body: Buffer): void;
  /** What the bucket holds at a key, whatever the stores say. */
  bytesAt(key: string): Buffer;
  stop(): Promise<void>;
}

/** What the tests of one service stand on: a fake with one object, whose counts begin anew with each test, and a store on it. */
export type AtStand<Stand> = () => { readonly stand: Stand; readonly store: ObjectStore };

/** What a driver brings to the tests of how it gets on with a server that fails. */
export interface FaultSuite<Name extends string, Stand extends FaultStand<Name> = FaultStand<Name>> {
  start(): Promise<Stand>;
  /** What the fake calls the one request of a call. `part`: of a stream. `settle`: by which the driver finds out what became of a put. */
  readonly requests: { readonly [Call in 'get' | 'head' | 'put' | 'delete' | 'list' | 'settle' | 'part']: Name };
  /** The service's way to say that it is asked too much. */
  readonly slowDown: ServerFault & { readonly kind: 'refuse' };
  /** A store that cuts streams into parts of 5 MiB. */
  openInParts(stand: Stand): ObjectStore;
}
