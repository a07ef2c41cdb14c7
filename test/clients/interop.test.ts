import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Wire } from '../harness/wire.js';
import { interop, type InteropRow } from './interop.js';
import type { Client } from './trial.js';

const WORKS: Client = {
  id: 'works',
  name: 'A client',
  programs: ['sh'],
  version: async () => '1',
  run: async (trial) => {
    for (const what of ['push', 'pull', 'push']) await trial.step(what, async () => undefined);
  },
};

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atoll-interop-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('what a client did is told in its order, each thing once', async () => {
  expect(await rowOf(WORKS)).toMatchObject({ result: 'passed', version: '1', done: ['push', 'pull'] });
});

test('a client that is not installed is a row that names what is missing', async () => {
  const row = await rowOf({ ...WORKS, programs: ['sh', 'no-such-program-anywhere'] });
  expect(row).toMatchObject({ result: 'MISSING', fault: 'not installed: no-such-program-anywhere', done: [] });
});

test('a client that trips keeps what it did until then', async () => {
  const run: Client['run'] = async (trial) => {
    await trial.step('push', async () => undefined);
    await trial.step('pull', async () => trial.equal('sha256:a', 'sha256:b', 'app:1'));
  };
  const row = await rowOf({ ...WORKS, run });
  expect(row).toMatchObject({ result: 'FAILED', done: ['push'], fault: 'pull: app:1: got sha256:a, not sha256:b' });
});

async function rowOf(client: Client): Promise<InteropRow | undefined> {
  const nowhere = new Wire('http://127.0.0.1:1');
  const regions = { eu: nowhere, us: nowhere };
  const [row] = await interop({ regions, folder, clients: [client], bigMebibytes: 1 });
  return row;
}
