import { nextHybridTime, type HybridTime } from './hybrid-time.js';

/** A region and its incarnation, for example `eu#1`: whose clock and whose writes a dot belongs to. */
export type Origin = string;

/** One write that no other write known here has seen. */
export interface Sibling<T> {
  readonly origin: Origin;
  readonly time: HybridTime;
  /** `undefined` is a delete. */
  readonly value?: T;
}

/**
 * A name's state in one region: every write not overwritten by a write that saw it, and how far each origin has been seen.
 * Regions join their states in any order, any number of times, and end equal (docs/adr/0002-register.md).
 */
export interface Register<T> {
  /** The highest time seen from each origin. */
  readonly seen: Readonly<Record<Origin, HybridTime>>;
  /** At most one per origin, ascending by origin. */
  readonly siblings: readonly Sibling<T>[];
}

export const emptyRegister: Register<never> = { seen: {}, siblings: [] };

/** A local write: it dominates everything `register` has seen. `value` of `undefined` deletes. */
export function writeRegister<T>(
  register: Register<T>,
  origin: Origin,
  nowMilliseconds: number,
  value: T | undefined,
): Register<T> {
  const time = nextHybridTime(nowMilliseconds, Object.values(register.seen));
  const sibling: Sibling<T> = value === undefined ? { origin, time } : { origin, time, value };
  return { seen: { ...register.seen, [origin]: time }, siblings: [sibling] };
}

/** Commutative, associative and idempotent: keeps a sibling if the other side has it too, or has not seen it. */
export function joinRegisters<T>(left: Register<T>, right: Register<T>): Register<T> {
  const kept = new Map<string, Sibling<T>>();
  for (const [mine, other] of [[left, right] as const, [right, left] as const]) {
    for (const sibling of mine.siblings) {
      const otherSaw = (other.seen[sibling.origin] ?? '') >= sibling.time;
      if (!otherSaw || other.siblings.some((twin) => sameDot(twin, sibling))) kept.set(sibling.origin, sibling);
    }
  }
  const seen: Record<Origin, HybridTime> = { ...left.seen };
  for (const [origin, time] of Object.entries(right.seen)) {
    const known = seen[origin];
    if (known === undefined || time > known) seen[origin] = time;
  }
  const siblings = [...kept.values()].sort((a, b) => (a.origin < b.origin ? -1 : a.origin > b.origin ? 1 : 0));
  return { seen, siblings };
}

/** What readers are shown: any live sibling beats a delete, then the highest time, then the highest origin. */
export function projectRegister<T>(register: Register<T>): Sibling<T> | undefined {
  let best: Sibling<T> | undefined;
  for (const sibling of register.siblings) if (best === undefined || outranks(sibling, best)) best = sibling;
  return best;
}

/** The value readers are shown; `undefined` when the name is deleted or was never written. */
export function liveValue<T>(register: Register<T>): T | undefined {
  return projectRegister(register)?.value;
}

/** Every value that a reader of some region may have been shown; more than one is a conflict. */
export function liveSiblings<T>(register: Register<T>): (Sibling<T> & { readonly value: T })[] {
  return register.siblings.filter((s): s is Sibling<T> & { readonly value: T } => s.value !== undefined);
}

/** Whether both hold the same dots, which is the same as holding the same state. */
export function sameRegister<T>(left: Register<T>, right: Register<T>): boolean {
  const origins = new Set([...Object.keys(left.seen), ...Object.keys(right.seen)]);
  for (const origin of origins) if (left.seen[origin] !== right.seen[origin]) return false;
  return (
    left.siblings.length === right.siblings.length &&
    left.siblings.every((sibling) => right.siblings.some((twin) => sameDot(twin, sibling)))
  );
}

function sameDot<T>(a: Sibling<T>, b: Sibling<T>): boolean {
  return a.origin === b.origin && a.time === b.time;
}

function outranks<T>(a: Sibling<T>, b: Sibling<T>): boolean {
  const aLive = a.value !== undefined;
  if (aLive !== (b.value !== undefined)) return aLive;
  return a.time === b.time ? a.origin > b.origin : a.time > b.time;
}
