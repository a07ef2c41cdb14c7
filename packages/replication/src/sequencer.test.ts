import { expect, test } from '@jest/globals';
import { parseTag } from '@atoll/core';
import { readHead, readSegment } from './journal-objects.js';
import { Sequencer } from './sequencer.js';
import { APP, keysUnder, openRegion, type TestRegion } from './testing/test-region.js';

const DAY_MS = 24 * 60 * 60 * 1000;

function sequencerOf({ counter, clock }: TestRegion): Sequencer {
  return new Sequencer({ store: counter.store, shards: 1, clock });
}

async function append({ registry }: TestRegion, ...tags: string[]): Promise<void> {
  for (const tag of tags) await registry.journal.append(APP, [{ kind: 'tag', tag: parseTag(tag) }]);
}

async function sealedTags({ memory }: TestRegion): Promise<string[][]> {
  const { next, floor } = await readHead(memory, 0);
  const sealed: string[][] = [];
  for (let number = floor + 1; number < next; number++) {
    const segment = await readSegment(memory, 0, number);
    sealed.push(segment?.entries.flatMap(({ changes }) => changes.map((c) => (c.kind === 'tag' ? c.tag : ''))) ?? []);
  }
  return sealed;
}

test('entries come into one segment, and the raw ones go', async () => {
  const eu = await openRegion('eu');
  await append(eu, 'a', 'b');
  expect(await sequencerOf(eu).step(0)).toBe(2);
  expect((await sealedTags(eu)).map((tags) => tags.sort())).toEqual([['a', 'b']]);
  expect(await keysUnder(eu, 'jr/')).toEqual([]);
  expect(await readHead(eu.memory, 0)).toMatchObject({ next: 2, floor: 0 });
});

test('with nothing to seal, one listing is all', async () => {
  const eu = await openRegion('eu');
  eu.counter.reset();
  expect(await sequencerOf(eu).step(0)).toBe(0);
  expect(eu.counter.calls()).toEqual({ list: 1 });
});

test('an entry written while another is sealed comes into the next segment', async () => {
  const eu = await openRegion('eu');
  const sequencer = sequencerOf(eu);
  await append(eu, 'a');
  await sequencer.step(0);
  await append(eu, 'b');
  await sequencer.step(0);
  expect(await sealedTags(eu)).toEqual([['a'], ['b']]);
});

test('sequencers that race lose nothing and leave no gap', async () => {
  const eu = await openRegion('eu');
  await append(eu, 'a', 'b', 'c');
  await Promise.all([1, 2, 3].map(() => sequencerOf(eu).step(0)));
  const sealed = await sealedTags(eu);
  expect(new Set(sealed.flat())).toEqual(new Set(['a', 'b', 'c']));
  expect(sealed.every((tags) => tags.length > 0)).toBe(true);
  expect(await keysUnder(eu, 'jr/')).toEqual([]);
});

test.each([
  ['before the segment is written', { op: 'put', key: 'js/', when: 'before' }],
  ['after the segment is written', { op: 'put', key: 'js/', when: 'after' }],
  ['before the head has moved', { op: 'put', key: 'jh/', when: 'before' }],
  ['after the head has moved', { op: 'put', key: 'jh/', when: 'after' }],
  ['before the raw entries are deleted', { op: 'delete', key: 'jr/', when: 'before' }],
  ['after a raw entry is deleted', { op: 'delete', key: 'jr/', nth: 1, when: 'after' }],
] as const)('a crash %s loses no entry and leaves no gap', async (_moment, fault) => {
  const eu = await openRegion('eu');
  await append(eu, 'a', 'b');
  eu.faults.push(fault);
  await expect(sequencerOf(eu).step(0)).rejects.toThrow();
  eu.faults.length = 0;
  await append(eu, 'c');
  const again = sequencerOf(eu);
  while ((await again.step(0)) > 0);
  const sealed = await sealedTags(eu);
  expect(new Set(sealed.flat())).toEqual(new Set(['a', 'b', 'c']));
  expect(sealed.every((tags) => tags.length > 0)).toBe(true);
});

test('an entry that cannot be read stays, and holds up no other', async () => {
  const eu = await openRegion('eu');
  await eu.memory.put('jr/0/00000000000000000000000000', Buffer.from('?'), { blind: true });
  await append(eu, 'a');
  expect(await sequencerOf(eu).step(0)).toBe(1);
  expect(await sealedTags(eu)).toEqual([['a']]);
  expect((await keysUnder(eu, 'jr/')).length).toBe(1);
  expect(await sequencerOf(eu).step(0)).toBe(0);
});

test('segments go after two weeks, those after them stay', async () => {
  const eu = await openRegion('eu');
  const sequencer = sequencerOf(eu);
  await append(eu, 'old');
  await sequencer.step(0);
  eu.clock.advance(13 * DAY_MS);
  await append(eu, 'new');
  await sequencer.step(0);
  expect(await sequencer.retire()).toEqual({ removed: 0 });
  eu.clock.advance(2 * DAY_MS);
  expect(await sequencer.retire()).toEqual({ removed: 1 });
  expect(await readHead(eu.memory, 0)).toMatchObject({ next: 3, floor: 1 });
  expect(await sealedTags(eu)).toEqual([['new']]);
});

test('the floor is raised before a segment goes, and what a crash left goes the next time', async () => {
  const eu = await openRegion('eu');
  const sequencer = sequencerOf(eu);
  await append(eu, 'old');
  await sequencer.step(0);
  eu.clock.advance(15 * DAY_MS);
  eu.faults.push({ op: 'delete', key: 'js/', when: 'before' });
  await expect(sequencer.retire()).rejects.toThrow();
  expect(await readHead(eu.memory, 0)).toMatchObject({ next: 2, floor: 1 });
  eu.faults.length = 0;
  expect(await sequencer.retire()).toEqual({ removed: 1 });
  expect(await keysUnder(eu, 'js/')).toEqual([]);
});

test('a sequencer that slept until its number was used and retired takes a new one', async () => {
  const eu = await openRegion('eu');
  await append(eu, 'first');
  await sequencerOf(eu).step(0);
  await append(eu, 'late');
  const head = await eu.memory.get('jh/0');
  let slept = false;
  const sleepy = new Sequencer({
    shards: 1,
    clock: eu.clock,
    // It has read the head, and then the others seal and retire up to number 2.
    store: Object.assign(Object.create(eu.memory) as typeof eu.memory, {
      list: eu.memory.list.bind(eu.memory),
      delete: eu.memory.delete.bind(eu.memory),
      put: eu.memory.put.bind(eu.memory),
      get: async (key: string) => {
        if (key !== 'jh/0' || slept) return eu.memory.get(key);
        slept = true;
        await sequencerOf(eu).step(0);
        eu.clock.advance(15 * DAY_MS);
        await sequencerOf(eu).retire();
        return head;
      },
    }),
  });
  expect(await sleepy.step(0)).toBe(1);
  expect(await readHead(eu.memory, 0)).toMatchObject({ next: 4, floor: 2 });
  expect(await sealedTags(eu)).toEqual([['late']]);
  expect((await keysUnder(eu, 'js/')).length).toBe(1);
});
