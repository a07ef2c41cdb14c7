import { digestOf } from '@atoll/core';
import { keys, MemoryStore } from '@atoll/storage';
import { describe, expect, test } from '@jest/globals';
import { Intents, type Intent } from './intents.js';
import { FakeClock, name, openRegion, tag } from './testing/region.js';

const app = name('team/app');
const names = {
  digests: [digestOf('blob')],
  children: [digestOf('child')],
  tags: [tag('v1')],
  manifest: digestOf('m'),
};

function openIntents(store: ConstructorParameters<typeof Intents>[0]['store'] = new MemoryStore()) {
  const settled: Intent[] = [];
  const left: unknown[] = [];
  const settle: { fault: Error | undefined } = { fault: undefined };
  const clock = new FakeClock();
  const intents = new Intents({
    store,
    clock,
    catalog: { list: async () => ({ repositories: [app], next: undefined }) },
    settle: async (_repository, intent) => {
      if (settle.fault !== undefined) throw settle.fault;
      settled.push(intent);
    },
    onLeftBehind: (cause) => left.push(cause),
  });
  return { intents, clock, settled, left, settle };
}

describe('an intent', () => {
  test('stands while its task runs, and names what the task is about to name', async () => {
    const { intents, clock } = openIntents();
    const seen = await intents.hold(app, names, () => intents.listLive(app), { requestId: 'r1' });
    expect(seen).toEqual([{ ...names, requestId: 'r1', at: clock.now() }]);
    await intents.idle();
    expect(await intents.listLive(app)).toEqual([]);
  });

  test('names further tags as soon as they are known', async () => {
    const { intents } = openIntents();
    const seen = await intents.hold(app, names, async (held) => {
      await held.addTags([tag('v2')]);
      return intents.listLive(app);
    });
    expect(seen).toMatchObject([{ tags: ['v1', 'v2'] }]);
  });

  test('pins nothing any more once its task is done, however long its removal takes', async () => {
    const memory = new MemoryStore();
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const { intents } = openIntents({
      get: (...a) => memory.get(...a),
      put: (...a) => memory.put(...a),
      list: (...a) => memory.list(...a),
      delete: (...a) => released.then(() => memory.delete(...a)),
    });
    await intents.hold(app, names, async () => 'done');
    expect((await memory.list(keys.intentsOf(app), { limit: 10 })).entries).toHaveLength(1);
    expect(await intents.listLive(app)).toEqual([]);
    release();
    await intents.idle();
    expect((await memory.list(keys.intentsOf(app), { limit: 10 })).entries).toEqual([]);
  });

  test.each([
    ['goes with a task that fails before it wrote anything', false],
    ['stays when its task fails after it may have written something', true],
  ])('%s', async (_what, wrote) => {
    const { intents } = openIntents();
    const held = intents.hold(app, names, async (intent) => {
      if (wrote) intent.keepOnFailure();
      throw new Error('no');
    });
    await expect(held).rejects.toThrow('no');
    await intents.idle();
    expect(await intents.listLive(app)).toHaveLength(wrote ? 1 : 0);
  });

  test('that is old enough is settled once, oldest first', async () => {
    const { intents, clock, settled } = openIntents();
    const fail = (requestId: string) =>
      intents
        .hold(
          app,
          names,
          async (intent) => {
            intent.keepOnFailure();
            throw new Error('no');
          },
          { requestId },
        )
        .catch(() => undefined);
    await fail('first');
    clock.advance(1000);
    await fail('second');
    clock.advance(1000);
    await fail('third');
    expect(await intents.resolve(1000)).toMatchObject({ resolved: 2 });
    expect(settled.map(({ requestId }) => requestId)).toEqual(['first', 'second']);
    expect(await intents.resolve(1000)).toMatchObject({ resolved: 0 });
    expect(await intents.listLive(app)).toMatchObject([{ requestId: 'third' }]);
  });

  test('that may be of a change in progress is settled all the same, once, and stays', async () => {
    const { intents, clock, settled } = openIntents();
    const keep = intents.hold(app, names, async (held) => {
      held.keepOnFailure();
      throw new Error('no');
    });
    await keep.catch(() => undefined);
    const look = () => intents.resolve(60_000, { settleOlderThanMs: 1000 });
    expect(await look()).toEqual({ resolved: 0, settled: 0, young: 1 });
    clock.advance(1000);
    expect(await look()).toEqual({ resolved: 0, settled: 1, young: 0 });
    expect(await look()).toEqual({ resolved: 0, settled: 0, young: 0 });
    expect(settled).toHaveLength(1);
    expect(await intents.listLive(app)).toHaveLength(1);
    clock.advance(59_000);
    expect(await look()).toEqual({ resolved: 1, settled: 0, young: 0 });
    expect(await intents.listLive(app)).toEqual([]);
  });

  test('of a change that failed here is settled here once, and stays', async () => {
    const { intents, settled } = openIntents();
    const fail = intents.hold(app, names, async (held) => {
      held.keepOnFailure();
      await held.addTags([tag('v2')]);
      throw new Error('no');
    });
    await fail.catch(() => undefined);
    expect(await intents.settleFailed()).toEqual({ settled: 1 });
    expect(settled).toMatchObject([{ tags: ['v1', 'v2'] }]);
    expect(await intents.settleFailed()).toEqual({ settled: 0 });
    expect(await intents.listLive(app)).toHaveLength(1);
  });

  test('that cannot be settled yet is tried again', async () => {
    const { intents, settle } = openIntents();
    const fail = intents.hold(app, names, async (held) => {
      held.keepOnFailure();
      throw new Error('no');
    });
    await fail.catch(() => undefined);
    settle.fault = new Error('the store is away');
    await expect(intents.settleFailed()).rejects.toBe(settle.fault);
    settle.fault = undefined;
    expect(await intents.settleFailed()).toEqual({ settled: 1 });
  });

  test('whose removal fails is told of, and stays', async () => {
    const memory = new MemoryStore();
    const { intents, left } = openIntents({
      get: (...a) => memory.get(...a),
      put: (...a) => memory.put(...a),
      list: (...a) => memory.list(...a),
      delete: async () => Promise.reject(new Error('not now')),
    });
    expect(await intents.hold(app, names, async () => 'done')).toBe('done');
    await intents.idle();
    expect(left).toEqual([new Error('not now')]);
    expect(await intents.listLive(app)).toHaveLength(1);
  });
});

test('intents are settled in every repository, however many there are', async () => {
  const { registry, clock } = await openRegion();
  const repositories = Array.from({ length: 30 }, (_, i) => name(`a/${i}`));
  for (const one of repositories) {
    await registry.catalog.ensure(one);
    const held = registry.intents.hold(one, { digests: [], children: [], tags: [tag('t')] }, async (intent) => {
      intent.keepOnFailure();
      throw new Error('no');
    });
    await held.catch(() => undefined);
  }
  clock.advance(10);
  expect(await registry.intents.resolve(1)).toMatchObject({ resolved: 30 });
});
