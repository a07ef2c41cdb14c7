import { describe, expect, test } from '@jest/globals';
import { judge, spread, type Goal } from './goals.js';

const beside = new Map([
  ['slow', 100],
  ['quick', 400],
]);

function verdict(goal: Goal, ours: number): [string, boolean | undefined] {
  const { text, met } = judge(goal, ours, (column) => beside.get(column));
  return [text, met];
}

const ten: Goal = { kind: 'times', least: 10, column: 'slow' };
const half: Goal = { kind: 'times', least: 0.5, column: 'quick' };
const pastQuick: Goal = { kind: 'past', columns: ['quick'] };
const pastAll: Goal = { kind: 'past', columns: ['slow', 'quick', 'gone'] };

describe('a target is', () => {
  test.each<[string, Goal, number, string, boolean | undefined]>([
    ['met by just as many times', ten, 1000, '10 x slow: 10.00 x', true],
    ['missed by fewer', ten, 999, '10 x slow: 9.99 x', false],
    ['met by the share', half, 200, '50 % of quick: 50 %', true],
    ['missed by less than the share', half, 190, '50 % of quick: 48 %', false],
    ['met by more than one registry', pastQuick, 401, 'past quick: 1.00 x', true],
    ['missed by as much as it', pastQuick, 400, 'past quick: 1.00 x', false],
    ['missed by less than the best of all', pastAll, 300, 'past every registry: 0.75 x quick (without gone)', false],
    ['met by more than the best of all', pastAll, 500, 'past every registry: 1.25 x quick (without gone)', true],
    ['met below a bound', { kind: 'under', most: 300 }, 299, 'under 300', true],
    ['missed at the bound', { kind: 'under', most: 300 }, 300, 'under 300', false],
    ['left open when nobody is there', { kind: 'past', columns: ['gone'] }, 1, 'past gone: not judged', undefined],
    [
      'left open without its measure',
      { kind: 'times', least: 2, column: 'gone' },
      1,
      '2 x gone: not judged',
      undefined,
    ],
  ])('%s', (_, goal, ours, text, met) => {
    expect(verdict(goal, ours)).toEqual([text, met]);
  });
});

test('the spread of rounds is their distance as a share of their median', () => {
  expect(spread([90, 100, 120])).toBeCloseTo(0.3);
});
