// Measures Atoll beside other registries and bare baselines and writes docs/performance.md: node test/dist/bench/run.js --help
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { table, writeBetween } from '../harness/paper.js';
import { benchBlobs } from './blobs.js';
import { benchBuckets, benchGiants } from './buckets.js';
import { HELP, readOptions, type RunOptions } from './command-line.js';
import type { BenchContext, Figure } from './figures.js';
import { benchLists } from './lists.js';
import { benchManifests } from './manifests.js';
import { benchMemory } from './memory.js';
import { benchProtocol } from './protocol.js';
import { benchReplication } from './replication.js';
import { whoCounts } from './requests.js';

const PAGE = 'docs/performance.md';
/** The figures of fewer rounds are printed and not kept. */
const LEAST_KEPT_ROUNDS = 3;

const BENCHES: Readonly<Record<string, (context: BenchContext) => Promise<Figure[]>>> = {
  memory: benchMemory,
  blobs: benchBlobs,
  manifests: benchManifests,
  lists: benchLists,
  replication: benchReplication,
  buckets: benchBuckets,
  giants: benchGiants,
};

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const options = readOptions(process.argv.slice(2), ['protocol', ...Object.keys(BENCHES)]);
process.exitCode = options === 'help' ? help() : await run(options);

function help(): number {
  print(HELP);
  return 0;
}

async function run(wanted: RunOptions): Promise<number> {
  mkdirSync(wanted.folder, { recursive: true });
  const folder = mkdtempSync(join(wanted.folder, 'bench-'));
  const failures: string[] = [];
  try {
    if (wanted.names.includes('protocol')) failures.push(...(await runProtocol(wanted, folder)));
    failures.push(...(await runOthers(wanted, folder)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  for (const failure of failures) print(failure);
  return failures.length === 0 ? 0 : 1;
}

async function runProtocol(wanted: RunOptions, folder: string): Promise<string[]> {
  const rounds = wanted.rounds ?? 5;
  const partialFile = join(wanted.folder, 'bench-so-far.md');
  const sheet = await benchProtocol({ ...wanted, folder, rounds, partialFile, note: print });
  if (wanted.small) print('\nVery little was moved, whatever the rows say: these figures mean nothing.');
  report(
    'protocol',
    rounds,
    `${whoCounts()}\n\n${sheet.markdown()}`,
    rounds >= LEAST_KEPT_ROUNDS && !wanted.small && wanted.only === undefined,
  );
  return sheet.failures;
}

async function runOthers({ names, rounds = 3 }: RunOptions, folder: string): Promise<string[]> {
  const wanted = Object.entries(BENCHES).filter(([name]) => names.includes(name));
  if (wanted.length === 0) return [];
  const figures: Figure[] = [];
  const failed: string[] = [];
  for (const [name, bench] of wanted) {
    try {
      const measured = await bench({ folder: mkdtempSync(join(folder, `${name}-`)), rounds, note: print });
      for (const figure of measured) print(cellsOf(figure).join(' | '));
      figures.push(...measured);
    } catch (cause) {
      failed.push(`Failed: ${name}: ${String(cause)}`);
    }
  }
  const result = table(['what', 'atoll', 'beside it', 'ratio', 'wanted', 'met'], figures.map(cellsOf));
  const whole = wanted.length === Object.keys(BENCHES).length;
  report('bench', rounds, [result, ...failed].join('\n\n'), rounds >= LEAST_KEPT_ROUNDS && whole);
  const missed = figures.filter(({ met }) => met === false);
  return [
    ...missed.map(({ what, ratio, wanted: least }) => `not reached: ${what}, ${ratio}, wanted ${least}`),
    ...failed,
  ];
}

function report(name: string, rounds: number, result: string, kept: boolean): void {
  const where = `Medians of ${rounds}, ${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}.`;
  print(`\n${where}\n\n${result}\n`);
  if (kept) writeBetween(PAGE, name, `${where}\n\n${result}`);
}

function cellsOf({ what, atoll, other, ratio, wanted, met }: Figure): string[] {
  return [what, atoll, other, ratio, wanted, met === undefined ? '-' : met ? 'yes' : 'NO'];
}
