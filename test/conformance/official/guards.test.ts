import { describe, expect, test } from '@jest/globals';
import { parseJunit } from './junit.js';
import { judgeOwn } from './own-suite.js';
import { judgeRewritten, rewrittenEnvironment } from './rewritten-suite.js';
import type { Verdict } from './verdict.js';
import { judgeWorkflows, workflowEnvironment } from './workflow-suite.js';

interface Case {
  readonly name: string;
  readonly status: string;
}

function junit(cases: readonly Case[]): string {
  const rows = cases.map(
    ({ name, status }) => `<testcase name="${name}" classname="" status="${status}" time="0"></testcase>`,
  );
  return `<?xml version="1.0"?>\n<testsuites tests="999" time="1">\n<testsuite tests="0">${rows.join('\n')}</testsuite>\n</testsuites>`;
}

function cases(count: number, status = 'passed', prefix = 'case'): Case[] {
  return Array.from({ length: count }, (_, at) => ({ name: `${prefix} ${at}`, status }));
}

const ENDED_WELL = { status: 0, timedOut: false };
const firstFault = ({ faults }: Verdict): string | undefined => faults[0];

describe('a JUnit report', () => {
  test('is read without what its texts say, and with its escapes undone', () => {
    const text = '<system-err>&lt;testcase name="no" status="passed"&gt;</system-err><![CDATA[<testcase name="no">]]>';
    const xml = `<testsuites tests="1"><testsuite><testcase name="a &quot;b&quot; &amp; &#39;c&#39;" status="passed">${text}</testcase></testsuite></testsuites>`;
    expect(parseJunit(xml)).toEqual([{ name: `a "b" & 'c'`, status: 'passed' }]);
  });
});

describe('the guard of the workflow suites', () => {
  const KNOWN = 'OCI Distribution Conformance Tests ';
  const mount = 'Push Cross-Repository Blob Mount Cross-mounting';
  const skips = [
    `${KNOWN}Pull Setup Get tag name from environment`,
    `[It] ${KNOWN}${mount} of nonexistent blob should yield session id`,
    `${KNOWN}Content Discovery Setup Populate registry with test tags (no push)`,
    `${KNOWN}${mount} without from, and automatic content discovery enabled should return a 201`,
  ].map((name) => ({ name, status: 'skipped' }));
  const reporter = { name: '[ReportAfterSuite] html custom reporter', status: 'passed' };
  const good = [...cases(75), ...skips, reporter];
  const judge = (
    report: string | undefined,
    o: { status?: number; timedOut?: boolean; automaticMount?: boolean } = {},
  ) => judgeWorkflows({ automaticMount: o.automaticMount ?? false }, { ...ENDED_WELL, ...o }, report);

  test('takes 75 passed of 79 cases, the reporter not counted', () => {
    expect(judge(junit(good))).toEqual({ passed: 75, failed: 0, skipped: skips.map(({ name }) => name), faults: [] });
  });

  test.each([
    ['no report', undefined, 'there is no report'],
    ['a report that is cut off', junit(good).slice(0, -20), 'the report is cut off'],
    ['an empty report', '', 'the report is cut off'],
    ['nothing that ran', junit([reporter]), '0 cases, not 79'],
    ['everything skipped', junit([...cases(79, 'skipped'), reporter]), 'skipped without a reason: case 0'],
    ['a failure', junit([...cases(74), { name: 'bad', status: 'failed' }, ...skips, reporter]), 'failed: bad'],
    ['a panic', junit([...cases(74), { name: 'bad', status: 'panicked' }, ...skips, reporter]), 'panicked: bad'],
    [
      'a case without a status',
      junit([...cases(74), { name: 'bad', status: '' }, ...skips, reporter]),
      'no status: bad',
    ],
    [
      'a skip of its own',
      junit([...cases(74), ...skips, { name: 'x', status: 'skipped' }, reporter]),
      'skipped without a reason: x',
    ],
    ['one case too few', junit([...cases(74), ...skips, reporter]), '78 cases, not 79'],
    ['one case too many', junit([...cases(76), ...skips, reporter]), '80 cases, not 79'],
  ])('refuses %s', (_what, report, fault) => {
    expect(firstFault(judge(report))).toBe(fault);
  });

  test('does not let the chosen answer to a mount be skipped', () => {
    expect(firstFault(judge(junit(good), { automaticMount: true }))).toMatch(/^skipped without a reason: .*enabled/);
  });

  test('refuses a good report of a process that failed, or did not end', () => {
    expect(firstFault(judge(junit(good), { status: 1 }))).toBe('the suite ended with status 1');
    expect(firstFault(judge(junit(good), { timedOut: true }))).toBe('the suite did not end in time');
  });

  test('sets switches only to what Go takes for a boolean', () => {
    const env = workflowEnvironment(
      { automaticMount: false, deleteManifestFirst: true },
      { url: 'http://127.0.0.1:1', space: 's', reportFolder: '/r' },
    );
    expect(env).toMatchObject({ OCI_TEST_PULL: '1', OCI_AUTOMATIC_CROSSMOUNT: '0', OCI_NAMESPACE: 's/one' });
  });
});

describe('the guard of the rewritten suite', () => {
  const results = (version: string) => `config:\n  registry: r\n  version: ${version}\n  commit: unknown\n`;
  const anonymous = [1, 2].map((n) => ({
    name: `S/sha${n} blobs/mount anonymous/blob-mount-anonymous`,
    status: 'skipped',
  }));
  const cancel = [1, 2].map((n) => ({ name: `S/sha${n} blobs/post cancel/blob-post-cancel`, status: 'skipped' }));
  const stable = junit([...cases(687), ...anonymous, ...cancel]);
  const STABLE = { profile: 'stable', automaticMount: false } as const;
  const DEV = { profile: 'dev', automaticMount: false } as const;

  test('takes 687 passed cases of the stable profile and 787 of the other', () => {
    expect(judgeRewritten(STABLE, ENDED_WELL, { junit: stable, results: results('"1.1"') })).toMatchObject({
      passed: 687,
      faults: [],
    });
    const dev = junit([...cases(787), ...anonymous]);
    expect(judgeRewritten(DEV, ENDED_WELL, { junit: dev, results: results('dev') })).toMatchObject({ faults: [] });
  });

  test.each([
    ['no results', STABLE, stable, undefined, 'results.yaml names version nothing, not 1.1'],
    ['empty results', STABLE, stable, '', 'results.yaml names version nothing, not 1.1'],
    ['results of another version', STABLE, stable, results('dev'), 'results.yaml names version dev, not 1.1'],
    ['no report', STABLE, undefined, results('"1.1"'), 'there is no report'],
    ['a case too few', STABLE, junit(cases(686)), results('"1.1"'), '686 passed, fewer than 687'],
    ['a case too few of the other', DEV, junit(cases(786)), results('dev'), '786 passed, fewer than 787'],
    ['a failure', STABLE, junit([...cases(700), { name: 'bad', status: 'failure' }]), results('"1.1"'), 'failure: bad'],
    ['an error', STABLE, junit([...cases(700), { name: 'bad', status: 'error' }]), results('"1.1"'), 'error: bad'],
    [
      'a cancel that is skipped where it must work',
      DEV,
      junit([...cases(800), ...cancel]),
      results('dev'),
      `skipped without a reason: ${cancel[0]?.name}`,
    ],
    [
      'a mount that is skipped where it must work',
      { ...DEV, automaticMount: true },
      junit([...cases(800), ...anonymous]),
      results('dev'),
      `skipped without a reason: ${anonymous[0]?.name}`,
    ],
    [
      'too few cases where mounts are answered',
      { ...DEV, automaticMount: true },
      junit(cases(792)),
      results('dev'),
      '792 passed, fewer than 793',
    ],
  ])('refuses %s', (_what, variant, report, yaml, fault) => {
    expect(firstFault(judgeRewritten(variant, ENDED_WELL, { junit: report, results: yaml }))).toBe(fault);
  });

  test.each([
    ['http://127.0.0.1:5000', '127.0.0.1:5000', 'disabled'],
    ['https://registry.example', 'registry.example', 'enabled'],
  ])('reaches %s', (url, registry, tls) => {
    const env = rewrittenEnvironment(DEV, { url, space: 's', reportFolder: '/r' });
    expect(env).toMatchObject({ OCI_VERSION: 'dev', OCI_REGISTRY: registry, OCI_TLS: tls });
  });
});

describe('the guard of the own suite', () => {
  const results = (statuses: readonly string[], broken = 0) =>
    JSON.stringify({
      numPassedTests: statuses.filter((status) => status === 'passed').length,
      numFailedTests: statuses.filter((status) => status === 'failed').length,
      numPendingTests: 0,
      numTodoTests: 0,
      numRuntimeErrorTestSuites: broken,
      testResults: [
        { name: 'x.test.ts', assertionResults: statuses.map((status, at) => ({ fullName: `rule ${at}`, status })) },
      ],
    });
  const enough = Array.from({ length: 500 }, () => 'passed');

  test('takes what passed whole', () => {
    expect(judgeOwn(ENDED_WELL, results(enough))).toEqual({ passed: 500, failed: 0, skipped: [], faults: [] });
  });

  test.each([
    ['no results', undefined, 'there are no results'],
    ['half of them', results(enough).slice(0, 50), 'no results of jest'],
    ['nothing that ran', results([]), '0 passed, fewer than 500'],
    ['a failure', results([...enough, 'failed']), 'failed: rule 500'],
    ['a skip', results([...enough, 'pending']), 'skipped without a reason: rule 500'],
    ['a file that did not run', results(enough, 1), '1 files of tests could not run'],
  ])('refuses %s', (_what, text, fault) => {
    expect(firstFault(judgeOwn(ENDED_WELL, text))).toBe(fault);
  });

  test('refuses good results of a process that failed', () => {
    expect(firstFault(judgeOwn({ status: 1, timedOut: false }, results(enough)))).toBe('the suite ended with status 1');
  });
});
