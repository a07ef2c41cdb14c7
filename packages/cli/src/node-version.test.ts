import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { tooOld } from './node-version.js';

test.each([
  ['20.20.2', true],
  ['22.17.1', true],
  ['22.18.0', false],
  ['24.0.0', false],
])('Node %s is too old: %s', (version, old) => {
  expect(tooOld(version) !== undefined).toBe(old);
});

test('what is needed here is what commands of npm bring', () => {
  const text = readFileSync(new URL('../../bootstrap/node.mjs', import.meta.url), 'utf8');
  const [, major, minor] = /OLDEST = \[(\d+), (\d+)\]/.exec(text) ?? [];
  expect(tooOld(`${major}.${minor}.0`)).toBeUndefined();
  expect(tooOld(`${major}.${Number(minor) - 1}.9`)).toContain(`${major}.${minor} or newer is needed`);
});

test('the command started by an old Node says so in a sentence and ends with 2', () => {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const pretend = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })';
  const args = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, main, 'up'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect([status, stderr]).toEqual([
    2,
    'atoll: this is Node 20.20.2, and 22.18 or newer is needed: install one, or use npm run atoll, which brings one\n',
  ]);
});
