// Runs the driver suite over every store and prints what came of it: npm run test:stores -- --help
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bringTools } from '../clients/install.js';
import { runProgram } from '../conformance/official/run-program.js';
import { checkoutFolder } from '../harness/checkout.js';
import { exitOnSignals } from '../harness/exit-on-signals.js';
import { table } from '../harness/paper.js';
import { GIANTS, passGiant, type GiantRow } from './giants.js';
import { STORES, type StoreRow } from './stores.js';
import { judgeStore, type StoreVerdict, type SuiteRun } from './suite-results.js';

const HELP = `usage: npm run test:stores -- [options]

Runs the one driver suite over every store there is a driver for, real servers and strict fakes, and prints a table of
its cases. Servers that are not here are brought where that is possible; one that cannot be had is a failure.

  --only a,b     some of the stores: ${STORES.map(({ id }) => id).join(' ')}
  --giant N      instead: passes a blob of N GiB between two regions on two buckets of one server, of S3 and of Azure each,
                 and counts what crosses the wire of the process, which the servers' own copies must not; takes 3 times N
                 of free disk
  --no-install   bring nothing
  --keep         keep the logs even when all is well
  --help
`;
const LIMIT_SECONDS = 900;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

interface Ran {
  readonly store: StoreRow;
  readonly verdict: StoreVerdict;
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', multiple: true, default: [] },
      'no-install': { type: 'boolean', default: false },
      giant: { type: 'string' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const only = values.only.flatMap((words) => words.split(','));
  if (values.giant !== undefined) return passGiants(Number(values.giant), chosen(only, GIANTS));
  const stores = chosen(only, STORES);
  const programs = stores.flatMap((store) => store.programs);
  if (!values['no-install']) await bringTools(programs, print);
  const folder = mkdtempSync(join(tmpdir(), 'atoll-stores-'));
  const rows: Ran[] = [];
  for (const store of stores) rows.push({ store, verdict: await run(store, folder) });
  const status = report(rows);
  if (status === 0 && !values.keep) rmSync(folder, { recursive: true, force: true });
  else print(`logs are in ${folder}`);
  return status;
}

const MOST_WIRE_BYTES = 1_048_576;

async function passGiants(gibibytes: number, giants: typeof GIANTS): Promise<number> {
  if (!(gibibytes > 0)) throw new Error('--giant takes a number of GiB');
  const rows: GiantRow[] = [];
  for (const giant of giants) {
    print(`${giant.store}: ${gibibytes} GiB ...`);
    rows.push(await passGiant(giant, Math.round(gibibytes * 1024)));
  }
  const cells = rows.map(({ store, how, seconds, wireBytes, idleBytesPerSecond }) => [
    ...[store, how, String(gibibytes), seconds.toFixed(1), String(wireBytes), String(idleBytesPerSecond)],
    wireBytes < MOST_WIRE_BYTES ? 'yes' : 'NO',
  ]);
  print(`\n${table(['store', 'copied by', 'GiB', 's', 'bytes on the wire', 'idle, bytes/s', 'holds'], cells)}\n`);
  return rows.every(({ wireBytes }) => wireBytes < MOST_WIRE_BYTES) ? 0 : 1;
}

/** @throws Error that lists the stores there are */
function chosen<T extends { readonly id: string }>(ids: readonly string[], all: readonly T[]): readonly T[] {
  const unknown = ids.find((id) => !all.some((store) => store.id === id));
  if (unknown !== undefined)
    throw new Error(`no store is named "${unknown}"; there are ${all.map(({ id }) => id).join(', ')}`);
  return ids.length === 0 ? all : all.filter(({ id }) => ids.includes(id));
}

async function run({ id, title, folder, tests }: StoreRow, logs: string): Promise<StoreVerdict> {
  const root = checkoutFolder();
  const results = join(logs, `${id}.json`);
  const noted = join(logs, `${id}.subjects`);
  writeFileSync(noted, '');
  const { status } = await runProgram({
    command: process.execPath,
    args: [join(root, 'packages', 'bootstrap', 'jest.mjs'), `/${tests}$`, `--outputFile=${results}`],
    cwd: join(root, folder),
    env: { ...process.env, ATOLL_TEST_SUBJECTS: noted, ATOLL_TEST_FULL: 'yes' },
    logFile: join(logs, `${id}.log`),
    limitSeconds: LIMIT_SECONDS,
  });
  const verdict = judgeStore(status, readIfThere(results), readFileSync(noted, 'utf8'));
  const sum = (of: 'passed' | 'failed'): number =>
    verdict.suites.reduce((all, suite) => all + suite[of], verdict.others[of]);
  print(`${title}: ${sum('passed')} passed, ${sum('failed')} failed`);
  for (const fault of verdict.faults) print(`  ${fault}`);
  return verdict;
}

function report(rows: readonly Ran[]): number {
  const head = [
    'store',
    'driver',
    'passed',
    'failed',
    'conditional delete',
    'signed URLs',
    'parts',
    'beside',
    's',
    'holds',
  ];
  print(`\n${table(head, rows.flatMap(linesOf))}\n`);
  const failed = rows.filter(({ verdict }) => verdict.faults.length > 0);
  print(`${rows.length - failed.length} stores hold, ${failed.length} do not`);
  return failed.length === 0 ? 0 : 1;
}

function linesOf({ store, verdict }: Ran): string[][] {
  const { suites, others, seconds, faults } = verdict;
  const end = [
    `${others.passed}/${others.passed + others.failed}`,
    seconds.toFixed(1),
    faults.length === 0 ? 'yes' : 'NO',
  ];
  if (suites.length === 0) return [[store.title, '-', '0', '0', '-', '-', '-', ...end]];
  return suites.map((suite, at) => [store.title, ...cellsOf(suite), ...(at === 0 ? end : ['', '', ''])]);
}

function cellsOf({ subject, passed, failed, capabilities }: SuiteRun): string[] {
  const { conditionalDelete, presign, parts } = capabilities;
  const yes = (claimed: boolean): string => (claimed ? 'yes' : 'no');
  const kind = parts.streamed ? 'streamed' : `${parts.equal ? 'equal' : 'any'}, from ${sizeOf(parts.minBytes)}`;
  return [subject, String(passed), String(failed), yes(conditionalDelete), yes(presign), kind];
}

function sizeOf(bytes: number): string {
  return bytes < 1_048_576 ? `${bytes} bytes` : `${bytes / 1_048_576} MiB`;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

exitOnSignals();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (cause) {
  process.stderr.write(`${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 2;
}
