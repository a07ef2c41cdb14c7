import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { checkoutFolder } from '../harness/checkout.js';
import { TOOLS } from '../clients/tool-table.js';
import { STORES } from './stores.js';
import { judgeStore } from './suite-results.js';

const CAPABILITIES = {
  conditionalDelete: true,
  presign: false,
  parts: { equal: true, minBytes: 5, maxCount: 9, streamed: false },
};
const NOTED = `${JSON.stringify({ name: 'XStore', capabilities: CAPABILITIES })}\n`;

function resultsOf(cases: readonly [title: string, status: string][]): string {
  const assertionResults = cases.map(([title, status], at) => {
    return { ancestorTitles: [title, 'objects'], fullName: `${title} ${at}`, status };
  });
  const files = [{ name: 'x', message: 'cannot find it', endTime: 3_500, assertionResults }];
  return JSON.stringify({ startTime: 1_000, testResults: files });
}

const many = (count: number, status: string): [string, string][] =>
  Array.from({ length: count }, () => ['XStore', status]);

describe('a run of the driver suite', () => {
  test('holds when every case passed', () => {
    const verdict = judgeStore(0, resultsOf([...many(120, 'passed'), ['beside', 'passed']]), NOTED);
    expect(verdict).toMatchObject({ faults: [], seconds: 2.5, others: { passed: 1, failed: 0 } });
    expect(verdict.suites).toMatchObject([{ subject: 'XStore', passed: 120, failed: 0 }]);
  });

  test.each([
    ['that left no results', 1, undefined, '', ['the tests ended with status 1', 'there are no results']],
    ['that ended badly', 1, resultsOf(many(120, 'passed')), NOTED, ['the tests ended with status 1']],
    [
      'of which one failed',
      0,
      resultsOf([...many(120, 'passed'), ['beside', 'failed']]),
      NOTED,
      ['failed: beside 120'],
    ],
    [
      'that skipped a case',
      0,
      resultsOf([...many(120, 'passed'), ['XStore', 'pending']]),
      NOTED,
      ['pending: XStore 120'],
    ],
    ['of few cases', 0, resultsOf(many(69, 'passed')), NOTED, ['fewer than 70 cases over XStore']],
    ['over nothing', 0, resultsOf([['y', 'passed']]), '', ['the driver suite ran over nothing']],
    [
      'whose file does not compile',
      0,
      resultsOf([]),
      '',
      ['the file could not run: cannot find it', 'the driver suite ran over nothing'],
    ],
  ])('%s does not hold', (_what, status, results, noted, faults) => {
    expect(judgeStore(status, results, noted).faults).toEqual(faults);
  });
});

test.each(STORES)(
  'the suite of $id is where the table says, and its programs can be brought',
  ({ folder, tests, programs }) => {
    expect(existsSync(join(checkoutFolder(), folder, tests))).toBe(true);
    expect(TOOLS.map(({ name }) => name)).toEqual(expect.arrayContaining([...programs]));
  },
);
