import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { HeldToken, lasting, type Token } from './held-token.js';

const HOUR_MS = 3_600_000;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
});

/** Where tokens come from, which answers when it is told to. */
class Source {
  readonly waiting: { give: (token: Token) => void; refuse: (cause: Error) => void }[] = [];
  readonly ask = (): Promise<Token> =>
    new Promise((resolve, reject) => this.waiting.push({ give: resolve, refuse: reject }));

  give(text: string): void {
    this.waiting.shift()?.give(lasting(text, HOUR_MS));
  }
}

async function holding(source: Source, failed?: (cause: unknown, goodForMs: number) => void): Promise<HeldToken> {
  const tokens = new HeldToken(source.ask, failed);
  const all = [tokens.text(), tokens.text()];
  expect(source.waiting).toHaveLength(1);
  source.give('first');
  expect(await Promise.all(all)).toEqual(['first', 'first']);
  return tokens;
}

test('before its end a token is renewed aside, once, and requests go on with the old one', async () => {
  const source = new Source();
  const tokens = await holding(source);
  jest.advanceTimersByTime(HOUR_MS - 300_001);
  expect([await tokens.text(), source.waiting.length]).toEqual(['first', 0]);
  jest.advanceTimersByTime(1);
  expect([await tokens.text(), await tokens.text(), source.waiting.length]).toEqual(['first', 'first', 1]);
  source.give('second');
  await setImmediate();
  expect([await tokens.text(), source.waiting.length]).toEqual(['second', 0]);
});

test('a renewal that fails is told and tried again after a while, and waited for only when the old token ends', async () => {
  const source = new Source();
  const told: unknown[] = [];
  const tokens = await holding(source, (cause, goodForMs) => told.push([String(cause), goodForMs]));
  jest.advanceTimersByTime(HOUR_MS - 300_000);
  for (const round of [1, 2]) {
    await tokens.text();
    source.waiting.shift()?.refuse(new Error(`no ${round}`));
    await setImmediate();
    expect([await tokens.text(), source.waiting.length]).toEqual(['first', 0]);
    jest.advanceTimersByTime(5_000);
  }
  expect(told).toEqual([
    ['Error: no 1', 290_000],
    ['Error: no 2', 285_000],
  ]);
  jest.advanceTimersByTime(280_000);
  const waiting = tokens.text();
  source.give('second');
  expect(await waiting).toBe('second');
});

test('what was asked before a token was refused is not taken for its successor', async () => {
  const source = new Source();
  const tokens = await holding(source);
  jest.advanceTimersByTime(HOUR_MS - 300_000);
  await tokens.text();
  expect([tokens.drop('first'), tokens.drop('first')]).toEqual([true, false]);
  const next = tokens.text();
  expect(source.waiting).toHaveLength(2);
  source.give('first');
  source.give('second');
  expect([await next, await tokens.text()]).toEqual(['second', 'second']);
});

test('a token of a short life is renewed half way', () => {
  const now = Date.now();
  expect(lasting('x', 60_000)).toEqual({ text: 'x', renewAt: now + 30_000, goodUntil: now + 50_000 });
});
