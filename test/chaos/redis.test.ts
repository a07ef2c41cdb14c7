import { expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queueStorm } from './queue-storm.js';

test('regions become equal and lose nothing while Redis is emptied and killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'atoll-queue-storm-'));
  const report = await queueStorm({ folder, seconds: 5, seed: 7 });
  expect(report.faults).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(0);
  expect(report.mostKeys).toBeGreaterThan(0);
  expect(report.flushes + report.kills).toBeGreaterThan(1);
  await rm(folder, { recursive: true, force: true });
}, 180_000);
