import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hold, type Row } from './hold.js';
import type { Suite, Variant } from './plan.js';
import { judgeWorkflows } from './workflow-suite.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'atoll-hold-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A suite that is this script, and says what its guard was told. */
function suiteOf(script: string, more: Partial<Variant> = {}): Suite {
  const variant: Variant = {
    words: 'only one',
    automaticMount: false,
    limitSeconds: 30,
    args: () => ['-e', script],
    environment: ({ url }) => ({ OCI_ROOT_URL: url }),
    judge: (ending) => judgeWorkflows({ automaticMount: false }, ending, undefined),
    ...more,
  };
  return { name: 'module', title: 'made up', find: async () => ({ program: process.execPath }), variants: [variant] };
}

async function held(suite: Suite, mustRun = false): Promise<Row | undefined> {
  const rows = await hold({
    url: async () => 'http://127.0.0.1:1',
    suites: [suite],
    choose: (variants) => variants,
    mustRun: () => mustRun,
    folder,
    note: () => undefined,
  });
  return rows[0];
}

describe('holding a registry against a suite', () => {
  test('a suite that ends well and says nothing has not passed', async () => {
    const row = await held(suiteOf(''));
    expect(row).toMatchObject({ verdict: { passed: 0, faults: ['there is no report'] } });
  });

  test('a suite that hangs is ended', async () => {
    const row = await held(suiteOf('setInterval(() => {}, 1000)', { limitSeconds: 0.5 }));
    expect(row).toMatchObject({ verdict: { faults: ['the suite did not end in time', 'there is no report'] } });
  });

  test('a program that cannot be started is a fault', async () => {
    const suite = { ...suiteOf(''), find: async () => ({ program: join(folder, 'none') }) };
    expect(await held(suite)).toMatchObject({
      verdict: { faults: ['the suite ended with status -2', 'there is no report'] },
    });
  });

  test('a suite gets no setting but its own', async () => {
    process.env['OCI_TEST_PUSH'] = 'yes';
    process.env['ATOLL_PORT'] = '1';
    const script =
      "process.exit(Object.keys(process.env).filter((name) => /^(OCI|ATOLL)_/.test(name)).join() === 'OCI_ROOT_URL' ? 7 : 8)";
    const row = await held(suiteOf(script));
    delete process.env['OCI_TEST_PUSH'];
    delete process.env['ATOLL_PORT'];
    expect(row).toMatchObject({ verdict: { faults: ['the suite ended with status 7', 'there is no report'] } });
  });

  test.each([
    ['is named', false, undefined, false],
    ['that must run is a fault', true, undefined, true],
    ['because it is broken is a fault', false, true, true],
  ])('a suite that is missing %s', async (_what, mustRun, broken, isFault) => {
    const missing = { missing: 'not here', ...(broken === undefined ? {} : { broken }) };
    expect(await held({ ...suiteOf(''), find: async () => missing }, mustRun)).toMatchObject({
      missing: 'not here',
      isFault,
    });
  });
});
