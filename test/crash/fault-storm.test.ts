import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { FaultStorm } from './fault-storm.js';

test('whatever requests to the buckets meet, nothing acknowledged is lost and nothing wrong is served', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'atoll-fault-storm-'));
  const report = await new FaultStorm({ folder, seconds: 8, seed: 3 }).run();
  expect(report.faults).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(0);
  expect(report.met.size).toBeGreaterThanOrEqual(12);
  await rm(folder, { recursive: true, force: true });
}, 240_000);
