import { expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Storm } from './storm.js';

test('whatever was acknowledged before a kill -9 is served by both regions afterwards', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'atoll-storm-'));
  const report = await new Storm({ folder, kills: 5, seed: 20 }).run();
  expect(report.faults).toEqual([]);
  expect(report.acknowledged).toBeGreaterThan(0);
  await rm(folder, { recursive: true, force: true });
}, 120_000);
