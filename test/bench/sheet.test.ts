import { expect, test } from '@jest/globals';
import { ATOLL, type Row } from './rows.js';
import { Sheet } from './sheet.js';

const work: Row = {
  what: 'work',
  unit: 'per s',
  measure: { kind: 'images' },
  goals: [{ kind: 'times', least: 2, column: 'peer' }],
};

function sheetOf(judged = true): Sheet {
  const missing = new Map([['gone', 'no program gone on this machine']]);
  return new Sheet({ rows: [work], columns: [ATOLL, 'peer', 'gone', 'other'], missing, judged });
}

test('a row has the medians of its rounds, and names who is missing and who was not asked', () => {
  const sheet = sheetOf();
  for (const value of [3000, 1000, 2000]) sheet.add(work, ATOLL, value);
  for (const value of [10, 30, 20]) sheet.add(work, 'peer', value);
  const lines = sheet.markdown().split('\n');
  expect(lines[2]).toBe('| work, per s | 2,000 | 20.0 | missing | - | 2 x peer: 100.00 x | yes |');
  expect(lines).toContain('- gone is missing: no program gone on this machine.');
  expect(sheet.failures).toEqual([]);
});

test('a target that is missed is said in its row and fails the run', () => {
  const sheet = sheetOf();
  sheet.add(work, ATOLL, 10);
  sheet.add(work, 'peer', 10);
  expect(sheet.markdown()).toContain('| 2 x peer: 1.00 x, NOT met | NO |');
  expect(sheet.failures).toEqual(['not reached: work']);
});

test('a target whose measure is not there leaves its row open, and does not fail the run', () => {
  const sheet = sheetOf();
  sheet.add(work, ATOLL, 10);
  expect(sheet.markdown()).toContain('| 2 x peer: not judged | open |');
  expect(sheet.failures).toEqual([]);
});

test('a row in which Atoll has no figure is missed', () => {
  const sheet = sheetOf();
  sheet.add(work, 'peer', 10);
  expect(sheet.failures).toEqual(['not reached: work']);
});

test('a fault of anyone is told and fails the run, and the figures of the others stay', () => {
  const sheet = sheetOf();
  sheet.add(work, ATOLL, 20);
  sheet.add(work, 'peer', 10);
  sheet.fault([work], 'other', 'other, start, round 1: ended at start');
  expect(sheet.markdown()).toContain('| work, per s | 20.0 | 10.0 | missing | failed |');
  expect(sheet.markdown()).toContain('- Failed: other, start, round 1: ended at start');
  expect(sheet.failures).toEqual(['other, start, round 1: ended at start']);
});

test('what was too small is not judged', () => {
  const sheet = sheetOf(false);
  sheet.add(work, ATOLL, 1);
  sheet.add(work, 'peer', 10);
  expect(sheet.markdown()).toContain('| - | - |');
  expect(sheet.failures).toEqual([]);
});
