// Holds Atoll against every conformance suite at hand and writes docs/conformance.md: npm run conformance -- --help
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { exitOnSignals } from '../harness/exit-on-signals.js';
import { table, writeBetween } from '../harness/paper.js';
import { failures, hold, type Row } from './official/hold.js';
import { HELP, parseOptions, type Options } from './official/options.js';
import { PLAN, type Suite, type Variant } from './official/plan.js';
import { Targets } from './official/targets.js';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(options: Options): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-conformance-'));
  const { only, quick, running, roundRobin, redirects, storage = pathToFileURL(folder).href } = options;
  const targets = new Targets({ folder, storage, roundRobin, redirects });
  const named = ({ name }: Suite): boolean => only.includes(name);
  const choose = (variants: readonly Variant[]): readonly Variant[] => {
    const fitting = variants.filter(
      ({ automaticMount, wantsOwnAnswers = false }) =>
        (running === undefined || automaticMount === running.automaticMount) && !(redirects && wantsOwnAnswers),
    );
    return quick ? fitting.slice(0, 1) : fitting;
  };
  const rows = await hold({
    url: async (automaticMount) => running?.url ?? targets.url(automaticMount),
    suites: PLAN.filter((suite) => only.length === 0 || named(suite)),
    choose,
    mustRun: named,
    folder,
    severalProcesses: roundRobin,
    note: print,
  }).finally(() => targets.stop());
  const status = report(rows);
  const isPlain = running === undefined && options.storage === undefined;
  const whole = only.length === 0 && !quick && isPlain && rows.every((row) => 'verdict' in row);
  if (whole) writeBetween('docs/conformance.md', 'conformance', `${when()}\n\n${tableOf(rows)}`);
  if (status === 0 && !options.keep) rmSync(folder, { recursive: true, force: true });
  else print(`reports and logs are in ${folder}`);
  return status;
}

function report(rows: readonly Row[]): number {
  print(`\n${tableOf(rows)}\n`);
  const ran = rows.flatMap((row) => ('verdict' in row ? [row.verdict] : []));
  const faults = rows.filter((row) => 'missing' in row && row.isFault).length;
  const failed = ran.reduce((sum, verdict) => sum + failures(verdict), faults);
  print(`${ran.reduce((sum, { passed }) => sum + passed, 0)} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function tableOf(rows: readonly Row[]): string {
  return table(['suite', 'variant', 'cases', 'passed', 'failed', 'skipped', 's', 'holds'], rows.map(cellsOf));
}

function cellsOf(row: Row): string[] {
  if ('missing' in row) return [row.suite.title, `NOT RUN: ${row.missing}`, '-', '-', '-', '-', '-', '-'];
  const { suite, variant, verdict, seconds } = row;
  const { passed, failed, skipped, faults } = verdict;
  const numbers = [passed + failed + skipped.length, passed, failures(verdict), skipped.length].map(String);
  return [suite.title, variant.words, ...numbers, seconds.toFixed(1), faults.length === 0 ? 'yes' : 'NO'];
}

function when(): string {
  return `${new Date().toISOString().slice(0, 10)}, Node ${process.version}.`;
}

exitOnSignals();
try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else process.exitCode = await main(options);
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 2;
}
