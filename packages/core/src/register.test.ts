import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  emptyRegister,
  joinRegisters,
  liveSiblings,
  liveValue,
  projectRegister,
  sameRegister,
  writeRegister,
  type Register,
} from './register.js';

const REGIONS = ['af#1', 'eu#1', 'us#1', 'us#2'];

/** One step of a history: a region writes (or deletes), or is handed the state that a region had some steps ago. */
type Step =
  | { readonly kind: 'write'; readonly region: number; readonly now: number; readonly value: string | undefined }
  | { readonly kind: 'hand'; readonly from: number; readonly stepsAgo: number; readonly to: number };

interface Write {
  readonly dot: string;
  readonly value: string | undefined;
  /** Every write known where this one was made. */
  readonly saw: ReadonlySet<Write>;
}

/** A region's register, and what the register must be worth: the plain set of writes that have reached it. */
interface State {
  readonly register: Register<string>;
  readonly known: ReadonlySet<Write>;
}

const region = fc.nat(REGIONS.length - 1);
const clock = fc.nat(20);
const write = fc.record({
  kind: fc.constant('write' as const),
  region,
  now: clock,
  value: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
});
const hand = fc.record({ kind: fc.constant('hand' as const), from: region, stepsAgo: fc.nat(10), to: region });
const history = fc.array<Step>(fc.oneof(write, hand), { maxLength: 40 });

function play(steps: readonly Step[]): State[][] {
  const start: State = { register: emptyRegister, known: new Set() };
  const rounds: State[][] = [REGIONS.map(() => start)];
  for (const step of steps) {
    const now = [...last(rounds)];
    if (step.kind === 'write') now[step.region] = writeIn(at(now, step.region), at(REGIONS, step.region), step);
    else
      now[step.to] = handOver(
        at(now, step.to),
        at(at(rounds, Math.max(0, rounds.length - 1 - step.stepsAgo)), step.from),
      );
    rounds.push(now);
  }
  return rounds;
}

function writeIn({ register, known }: State, origin: string, step: { now: number; value: string | undefined }): State {
  const written = writeRegister(register, origin, step.now, step.value);
  const made: Write = { dot: `${origin} ${written.seen[origin]}`, value: step.value, saw: known };
  return { register: written, known: new Set([...known, made]) };
}

function handOver(to: State, from: State): State {
  return { register: joinRegisters(to.register, from.register), known: new Set([...to.known, ...from.known]) };
}

/** The writes that no other known write has seen. */
function undominated(known: ReadonlySet<Write>): string[] {
  const all = [...known];
  return all
    .filter((write) => !all.some((other) => other.saw.has(write)))
    .map((write) => write.dot)
    .sort();
}

const dotsOf = (register: Register<string>) => register.siblings.map(({ origin, time }) => `${origin} ${time}`).sort();
const at = <T>(list: readonly T[], index: number): T => {
  const member = list[index];
  if (member === undefined) throw new Error(`nothing at ${index}`);
  return member;
};
const last = <T>(list: readonly T[]): T => at(list, list.length - 1);

/** Registers that one history really leads to, picked from any of its moments. */
function reachable(count: number): fc.Arbitrary<Register<string>[]> {
  return fc.tuple(history, fc.array(fc.nat(), { minLength: count, maxLength: count })).map(([steps, picks]) => {
    const all = play(steps).flat();
    return picks.map((pick) => at(all, pick % all.length).register);
  });
}

const threeReachable = reachable(3).map(
  ([a, b, c]) => [a, b, c] as [Register<string>, Register<string>, Register<string>],
);

describe('joining', () => {
  test('does not depend on the side', () => {
    fc.assert(fc.property(threeReachable, ([a, b]) => expect(joinRegisters(a, b)).toEqual(joinRegisters(b, a))));
  });

  test('does not depend on the grouping', () => {
    fc.assert(
      fc.property(threeReachable, ([a, b, c]) => {
        expect(joinRegisters(joinRegisters(a, b), c)).toEqual(joinRegisters(a, joinRegisters(b, c)));
      }),
    );
  });

  test('may be repeated', () => {
    fc.assert(
      fc.property(threeReachable, ([a, b]) => {
        const joined = joinRegisters(a, b);
        expect(joinRegisters(a, a)).toEqual(a);
        expect(joinRegisters(joined, a)).toEqual(joined);
        expect(joinRegisters(b, joined)).toEqual(joined);
      }),
    );
  });

  test('with nothing changes nothing', () => {
    fc.assert(fc.property(threeReachable, ([a]) => expect(joinRegisters(a, emptyRegister)).toEqual(a)));
  });
});

describe('after any history', () => {
  test('a register holds exactly the writes that no other write it knows has seen', () => {
    fc.assert(
      fc.property(history, (steps) => {
        for (const { register, known } of last(play(steps))) expect(dotsOf(register)).toEqual(undominated(known));
      }),
      { numRuns: 500 },
    );
  });

  test('there is at most one sibling per origin, in the order of origins', () => {
    fc.assert(
      fc.property(history, (steps) => {
        for (const { register } of play(steps).flat()) {
          const origins = register.siblings.map((sibling) => sibling.origin);
          expect(origins).toEqual([...new Set(origins)].sort());
        }
      }),
    );
  });

  test('a write is shown at once where it was made, and beats all that was known there', () => {
    fc.assert(
      fc.property(threeReachable, clock, fc.constantFrom(...REGIONS), ([before], now, origin) => {
        const written = writeRegister(before, origin, now, 'new');
        expect(liveValue(written)).toBe('new');
        expect(written.siblings).toHaveLength(1);
        expect(joinRegisters(written, before)).toEqual(written);
        expect(Object.values(before.seen).every((time) => time < at(written.siblings, 0).time)).toBe(true);
        expect(liveValue(writeRegister(written, origin, now, undefined))).toBeUndefined();
      }),
    );
  });

  test('regions end equal once each has heard of all, in whatever order, however often', () => {
    const handOvers = fc.array(fc.tuple(region, region), { maxLength: 20 });
    fc.assert(
      fc.property(history, handOvers, (steps, some) => {
        const states = [...last(play(steps))];
        const everyPair = REGIONS.flatMap((_, from) => REGIONS.map((_, to) => [from, to] as const));
        for (const [from, to] of [...some, ...everyPair, ...everyPair]) {
          states[to] = handOver(at(states, to), at(states, from));
        }
        for (const state of states) {
          expect(state.register).toEqual(at(states, 0).register);
          expect(sameRegister(state.register, at(states, 0).register)).toBe(true);
        }
      }),
    );
  });

  test('the order in which a region hears of the others does not matter', () => {
    const orders = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
    fc.assert(
      fc.property(history, orders, orders, (steps, first, second) => {
        const registers = last(play(steps)).map((state) => state.register);
        const hear = (order: number[]) => order.map((from) => at(registers, from)).reduce(joinRegisters, emptyRegister);
        expect(hear(first)).toEqual(hear(second));
      }),
    );
  });

  test('two registers are the same exactly when they know the same writes', () => {
    fc.assert(
      fc.property(history, fc.nat(), fc.nat(), (steps, one, other) => {
        const all = play(steps).flat();
        const [a, b] = [at(all, one % all.length), at(all, other % all.length)];
        const sameWrites = a.known.size === b.known.size && [...a.known].every((made) => b.known.has(made));
        expect(sameRegister(a.register, b.register)).toBe(sameWrites);
      }),
    );
  });
});

describe('two regions at once', () => {
  const shared = writeRegister<string>(emptyRegister, 'eu#1', 100, 'old');

  test.each([
    ['the delete is later', 200, 300],
    ['the push is later', 300, 200],
    ['both are of one moment', 200, 200],
  ])('a push beats a delete that did not see it when %s', (_, pushedAt, deletedAt) => {
    const pushed = writeRegister(shared, 'eu#1', pushedAt, 'new');
    const deleted = writeRegister(shared, 'us#1', deletedAt, undefined);
    expect(liveValue(joinRegisters(pushed, deleted))).toBe('new');
    expect(liveValue(joinRegisters(deleted, pushed))).toBe('new');
  });

  test('a delete beats the push that it saw, though its own clock is behind', () => {
    const deleted = writeRegister(shared, 'us#1', 1, undefined);
    const joined = joinRegisters(shared, deleted);
    expect(liveValue(joined)).toBeUndefined();
    expect(projectRegister(joined)).toMatchObject({ origin: 'us#1' });
  });

  test('of two pushes the later is shown and both are kept', () => {
    const one = writeRegister(shared, 'eu#1', 300, 'one');
    const two = writeRegister(shared, 'us#1', 200, 'two');
    const joined = joinRegisters(one, two);
    expect(liveValue(joined)).toBe('one');
    expect(liveSiblings(joined).map((sibling) => sibling.value)).toEqual(['one', 'two']);
  });

  test('of two pushes at one time the higher origin is shown', () => {
    const one = writeRegister(shared, 'eu#1', 300, 'one');
    const two = writeRegister(shared, 'us#1', 300, 'two');
    expect(liveValue(joinRegisters(one, two))).toBe('two');
  });

  test('the next write settles a conflict everywhere', () => {
    const one = writeRegister(shared, 'eu#1', 300, 'one');
    const two = writeRegister(shared, 'us#1', 200, 'two');
    const settled = writeRegister(joinRegisters(one, two), 'us#1', 0, 'settled');
    expect(joinRegisters(one, settled)).toEqual(settled);
    expect(joinRegisters(two, settled)).toEqual(settled);
  });
});

test('a name never written has no value', () => {
  expect(projectRegister(emptyRegister)).toBeUndefined();
  expect(liveValue(emptyRegister)).toBeUndefined();
  expect(liveSiblings(emptyRegister)).toEqual([]);
});
