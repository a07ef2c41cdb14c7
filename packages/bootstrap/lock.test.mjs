import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { completeLock, isInstalled, missingFromLock } from './lock.mjs';

const lockOf = (packages) => ({ packages: { '': {}, ...packages } });

describe('package-lock.json', () => {
  test('names every optional dependency, so that npm ci takes it on every platform', () => {
    const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));
    // When this fails: node packages/bootstrap/complete-lock.mjs
    expect(missingFromLock(lock)).toEqual([]);
  });

  test('is completed with the platform of what was missing', () => {
    const lock = lockOf({ 'node_modules/a': { optionalDependencies: { '@a/win32-x64-msvc': '1.2.3' } } });
    const { packages } = completeLock(lock);
    expect(packages['node_modules/@a/win32-x64-msvc']).toEqual({
      version: '1.2.3',
      cpu: ['x64'],
      optional: true,
      os: ['win32'],
    });
    expect(missingFromLock({ packages })).toEqual([]);
  });

  test('may hold an optional dependency beside the package that wants it', () => {
    const packages = {
      'node_modules/a': { optionalDependencies: { b: '1.0.0' } },
      'node_modules/a/node_modules/b': {},
    };
    expect(missingFromLock(lockOf(packages))).toEqual([]);
  });
});

describe('what is installed', () => {
  const lock = lockOf({
    'packages/x': {},
    'node_modules/x': { link: true },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a-darwin': { version: '1.0.0', optional: true },
  });

  test.each([
    [
      'everything but other platforms',
      { 'node_modules/x': { link: true }, 'node_modules/a': { version: '1.0.0' } },
      true,
    ],
    ['another version', { 'node_modules/x': { link: true }, 'node_modules/a': { version: '0.9.0' } }, false],
    ['a package too few', { 'node_modules/x': { link: true } }, false],
    ['a workspace too few', { 'node_modules/a': { version: '1.0.0' } }, false],
  ])('with %s', (_, packages, enough) => {
    expect(isInstalled(lock, { packages })).toBe(enough);
  });
});
