import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Fuzz } from './fuzz.js';

test('whatever is thrown at it, the process answers or closes, tells nothing of its insides and keeps nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'atoll-fuzz-'));
  const { found, faults, requests, statuses } = await new Fuzz({ requests: 20_000, seed: 14, folder }).run();
  // The bytes are too many to be read here: `npm run fuzz -- --requests 20000 --seed 14` writes them down.
  expect(found.map(({ what, episode }) => `episode ${episode}: ${what}`)).toEqual([]);
  expect(faults).toEqual([]);
  expect(requests).toBeGreaterThanOrEqual(20_000);
  expect([...statuses.keys()]).toEqual(expect.arrayContaining([200, 201, 202, 204, 206, 304, 400, 404, 405, 416]));
  await rm(folder, { recursive: true });
}, 300_000);
