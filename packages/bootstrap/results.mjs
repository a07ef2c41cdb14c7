// The test-results.json that jest leaves in each package, summed.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const FILE = 'test-results.json';

/** The workspaces of package.json that have a test script, as folders. */
export function testedFolders(root) {
  const { workspaces } = readJson(join(root, 'package.json'));
  return workspaces
    .flatMap((pattern) => foldersOf(root, pattern))
    .filter((folder) => readJson(join(folder, 'package.json')).scripts?.test !== undefined);
}

function foldersOf(root, pattern) {
  if (!pattern.endsWith('/*')) return [join(root, pattern)];
  const parent = join(root, pattern.slice(0, -2));
  const folders = readdirSync(parent).map((name) => join(parent, name));
  return folders.filter((folder) => existsSync(join(folder, 'package.json')));
}

export function forgetResults(folders) {
  for (const folder of folders) rmSync(join(folder, FILE), { force: true });
}

/** A folder that was to leave results and did not counts as one failure, as does a file of tests that could not run. */
export function sumResults(folders) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const folder of folders) {
    const file = join(folder, FILE);
    if (!existsSync(file)) {
      sum.failed += 1;
      continue;
    }
    const results = readJson(file);
    sum.passed += results.numPassedTests;
    sum.failed += results.numFailedTests + results.numRuntimeErrorTestSuites;
    sum.skipped += results.numPendingTests + results.numTodoTests;
  }
  return sum;
}

export function sentence({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}
