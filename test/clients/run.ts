// Runs clients against two regions and writes docs/clients.md: npm run interop -- --help
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { AtollOnBuckets } from '../harness/atoll-on-buckets.js';
import { Atoll } from '../harness/atoll.js';
import { ReplicatedRegions } from '../harness/replicated-regions.js';
import { STORE_SERVERS } from '../stores/store-server.js';
import { exitOnSignals } from '../harness/exit-on-signals.js';
import { table, writeBetween } from '../harness/paper.js';
import { CLIENTS, clientsNamed, QUICK_CLIENTS } from './clients.js';
import { bringTools } from './install.js';
import { interop, type InteropRow } from './interop.js';
import { toolCache } from './tool.js';
import type { Client } from './trial.js';

const HELP = `usage: npm run interop -- [options]

Puts clients between two regions, one after the other, and tells what each did. Without options: all of
them, and the table of docs/clients.md is written. A client that is not installed is brought first where
that is possible: packages of Debian as root, Go modules where Go is, Maven's where Maven is; the programs
are kept in ${toolCache()}.
A client that cannot be brought is MISSING, which fails the run as a client that fails does.

  --only a,b            these clients; cosign means cosign-2 and cosign-3
  --quick               those that Debian has, and crane, oras and regctl
  --no-install          bring nothing
  --big-mebibytes N     the size of the large layer: 300; 100 with --regions; or 30 with --quick or --only
  --regions STORE,STORE eu and us each on a bucket of its own cloud, and for each client images that neither has seen; STORE as below
  --round-robin STORE   each region is three processes on a bucket, and each request goes to another of them; STORE is the
                        URL of a bucket, or a server that is started: ${STORE_SERVERS.join(', ')}
  --replace stop|kill   meanwhile these processes go one after the other, each with another in its place; with kill clients
                        may fail, as connections break under them
  --keep                keep the data and the logs

clients: ${CLIENTS.map(({ id }) => id).join(' ')}
`;

exitOnSignals();
const OPTIONS = {
  only: { type: 'string' },
  quick: { type: 'boolean', default: false },
  'no-install': { type: 'boolean', default: false },
  'big-mebibytes': { type: 'string' },
  regions: { type: 'string' },
  'round-robin': { type: 'string' },
  replace: { type: 'string' },
  keep: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;
const print = (line: string): void => void process.stdout.write(`${line}\n`);
type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'];

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const asked = settingsOf(args);
  if (asked === undefined) return 2;
  const { values, clients, whole } = asked;
  if (values.help) {
    print(HELP);
    return 0;
  }
  if (!values['no-install'])
    await bringTools(
      clients.flatMap(({ programs }) => programs),
      print,
    );
  // A short path: the sockets of daemons live under it, and a socket's path has 108 bytes at most.
  const folder = mkdtempSync(join(tmpdir(), 'atoll-c-'));
  const atoll = await startRegions(values, join(folder, 'atoll'));
  const twoClouds = values.regions !== undefined;
  const bigMebibytes = Number(values['big-mebibytes'] ?? (twoClouds ? 100 : whole ? 300 : 30));
  const rows = await interop({ regions: atoll, folder, clients, bigMebibytes, ownSamples: twoClouds, progress: print });
  await atoll.stop();
  const result = table(['client', 'version', 'what it did', 'result', 'longest wait, s', 's'], rows.map(cellsOf));
  print(`\n${result}\n`);
  if (atoll instanceof ReplicatedRegions) print(`processes replaced meanwhile: ${atoll.replaced}`);
  else if (whole && !twoClouds) writeBetween('docs/clients.md', 'clients', result);
  const count = (wanted: InteropRow['result']): number => rows.filter((row) => row.result === wanted).length;
  const bad = rows.filter(({ result: how }) => how !== 'passed');
  for (const row of bad) print(`${row.result}: ${row.client}: ${row.fault}`);
  if (count('FAILED') === 0 && !values.keep) rmSync(folder, { recursive: true, force: true });
  else print(`everything is kept in ${folder}`);
  print(`interop: ${count('passed')} passed, ${bad.length} failed, ${count('MISSING')} of these missing`);
  return bad.length === 0 ? 0 : 1;
}

type RunningRegions = Atoll | AtollOnBuckets | ReplicatedRegions;

function startRegions({ regions, 'round-robin': storage, replace }: Values, folder: string): Promise<RunningRegions> {
  if (regions !== undefined) return AtollOnBuckets.start(folder, storesOf(regions));
  if (storage === undefined) return Atoll.start(folder);
  const replacing = replace === 'stop' || replace === 'kill' ? replace : undefined;
  return ReplicatedRegions.start({ storage, folder, replacing });
}

/** @throws Error when these are not two */
function storesOf(words: string): { eu: string; us: string } {
  const [eu = '', us = '', ...more] = words.split(',');
  if (eu === '' || us === '' || more.length > 0) throw new Error('--regions takes two stores, for eu and us');
  return { eu, us };
}

function cellsOf({ client, version, done, result, fault, seconds, waitedSeconds }: InteropRow): string[] {
  const what = done.join('; ') || '-';
  const how = fault === undefined ? result : `**${result}**: ${fault.replaceAll('\n', ' ').slice(0, 300)}`;
  return [client, version, what, how, waitedSeconds.toFixed(1), seconds.toFixed(1)];
}

/** What the arguments ask for, or nothing, when it is told what is wrong with them. */
function settingsOf(args: string[]): { values: Values; clients: readonly Client[]; whole: boolean } | undefined {
  try {
    const { values } = parseArgs({ args, options: OPTIONS });
    const whole = values.only === undefined && !values.quick;
    const { 'round-robin': storage, replace } = values;
    if (replace !== undefined && (storage === undefined || !['stop', 'kill'].includes(replace)))
      throw new Error('--replace is stop or kill, and takes --round-robin');
    if (values.regions !== undefined) {
      if (storage !== undefined) throw new Error('--regions and --round-robin are two different runs');
      storesOf(values.regions);
    }
    const named = values.only === undefined ? undefined : clientsNamed(values.only.split(','));
    return { values, clients: named ?? (whole ? CLIENTS : QUICK_CLIENTS), whole };
  } catch (cause) {
    print(`${cause instanceof Error ? cause.message : String(cause)}\n\n${HELP}`);
    return undefined;
  }
}
