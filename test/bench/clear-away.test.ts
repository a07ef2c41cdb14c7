import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { clearAway } from './clear-away.js';

const folder = mkdtempSync(join(tmpdir(), 'atoll-clear-away-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('large files go, wherever they are, and small ones stay', () => {
  const deep = join(folder, 'a', 'b');
  mkdirSync(deep, { recursive: true });
  writeFileSync(join(folder, 'large'), Buffer.alloc(1024 * 1024));
  writeFileSync(join(deep, 'large'), Buffer.alloc(1024 * 1024));
  writeFileSync(join(deep, 'small'), Buffer.alloc(1024 * 1024 - 1));
  clearAway(folder);
  expect([join(folder, 'large'), join(deep, 'large'), join(deep, 'small')].map(existsSync)).toEqual([
    false,
    false,
    true,
  ]);
});
