import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { forgetResults, sentence, sumResults, testedFolders } from './results.mjs';

let root;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'atoll-results-'));
  write('package.json', { workspaces: ['packages/*', 'test'] });
  write('packages/a/package.json', { scripts: { test: 'jest' } });
  write('packages/b/package.json', {});
  write('test/package.json', { scripts: { test: 'jest' } });
});
afterEach(() => rmSync(root, { recursive: true }));

function write(file, value) {
  mkdirSync(join(root, file, '..'), { recursive: true });
  writeFileSync(join(root, file), JSON.stringify(value));
}

function results(numbers) {
  return {
    numPassedTests: 0,
    numFailedTests: 0,
    numRuntimeErrorTestSuites: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    ...numbers,
  };
}

test('the folders with tests are the workspaces with a test script', () => {
  expect(testedFolders(root)).toEqual([join(root, 'packages/a'), join(root, 'test')]);
});

test('the sum counts what could not run as failed', () => {
  write('packages/a/test-results.json', results({ numPassedTests: 3, numFailedTests: 1, numPendingTests: 1 }));
  write('test/test-results.json', results({ numPassedTests: 2, numRuntimeErrorTestSuites: 1, numTodoTests: 1 }));
  expect(sumResults(testedFolders(root))).toEqual({ passed: 5, failed: 2, skipped: 2 });
});

test('a folder that left no results is a failure, and old results do not count', () => {
  write('packages/a/test-results.json', results({ numPassedTests: 3 }));
  forgetResults(testedFolders(root));
  expect(sumResults(testedFolders(root))).toEqual({ passed: 0, failed: 2, skipped: 0 });
});

test('the sentence names what was skipped only when something was', () => {
  expect(sentence({ passed: 5, failed: 0, skipped: 0 })).toBe('5 passed, 0 failed');
  expect(sentence({ passed: 5, failed: 1, skipped: 2 })).toBe('5 passed, 1 failed, 2 skipped');
});
