import { expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkoutFolder } from '../harness/checkout.js';
import { ATOLL, BARE, DISK, EXPRESS, tableRows, ZOT } from './rows.js';

const run = promisify(execFile);

test('the small form measures every row of Atoll and of the bare baselines, and keeps nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-bench-'));
  const page = join(checkoutFolder(), 'docs/performance.md');
  const before = readFileSync(page, 'utf8');
  const args = [join(checkoutFolder(), 'test/dist/bench/run.js'), 'protocol', '--rounds', '1', '--small'];
  // An empty cache of tools: what was brought for a whole run takes no part.
  const env = { ...process.env, XDG_CACHE_HOME: folder, ATOLL_TEST_TOOLS: '' };
  try {
    const { stdout } = await run(process.execPath, [...args, '--folder', folder], { env });
    const lines = stdout.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    const head = lines.find(([, what]) => what === 'what') ?? [];
    const cell = (row: string[], column: string): string => row[head.indexOf(column)] ?? '';
    for (const { what, unit, measure } of tableRows([])) {
      const row = lines.find(([, named]) => named === `${what}, ${unit}`) ?? [];
      const measured = [
        ATOLL,
        ...(measure.kind === 'requests' ? [BARE, EXPRESS] : measure.kind === 'push' ? [DISK] : []),
      ];
      expect(measured.map((column) => [what, column, cell(row, column)])).toEqual(
        measured.map((column) => [what, column, expect.stringMatching(/^[\d,.]+$/)]),
      );
      expect(cell(row, ZOT)).toBe('missing');
    }
    expect(stdout).not.toContain('FAILED');
    expect(readFileSync(page, 'utf8')).toBe(before);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 180_000);
