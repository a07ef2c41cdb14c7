// Storms the real `atoll up` with pushes while it is killed, or while its buckets fail: npm run storm -w test -- --help
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { exitOnSignals } from '../harness/exit-on-signals.js';
import { openRegionBuckets, STORE_SERVERS } from '../stores/store-server.js';
import { FaultStorm } from './fault-storm.js';
import { Storm, type StormReport } from './storm.js';

const HELP = `usage: npm run storm -w test -- [options]

Kills the real process again and again while clients push to both regions, then asks both for all that was acknowledged.

  --faults                        instead of kills: every fault a request to a bucket can meet, at random, by strict fakes of
                                  S3 (eu) and of Cloud Storage (us)
  --us gcs|azure                  the cloud of us, with --faults (gcs); azure is Azurite behind a server that fails
  --seconds N                     how long, with --faults (60)
  --share N                       how many of 100 requests meet a fault, with --faults (10)
  --kills N                       how often (200)
  --seed N                        repeats the choices of a run
  --folder FOLDER                 where data and logs are kept (${tmpdir()})
  --storage REGION=URL|SERVER     the bucket of eu or us, instead of a folder: a URL, or a server that is started:
                                  ${STORE_SERVERS.join(', ')}
  --help
`;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      faults: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '60' },
      share: { type: 'string', default: '10' },
      us: { type: 'string', default: 'gcs' },
      kills: { type: 'string', default: '200' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      folder: { type: 'string', default: tmpdir() },
      storage: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const folder = mkdtempSync(join(values.folder, 'atoll-storm-'));
  const broken = values.faults ? await stormWithFaults(folder, values) : await stormWithKills(folder, values);
  if (!broken) rmSync(folder, { recursive: true, force: true });
  return broken ? 1 : 0;
}

interface FaultValues {
  readonly seed: string;
  readonly seconds: string;
  readonly share: string;
  readonly us: string;
}

async function stormWithFaults(folder: string, { seed, seconds, share, us }: FaultValues): Promise<boolean> {
  print(`seed ${seed}, data in ${folder}`);
  const report = await new FaultStorm({
    folder,
    seed: Number(seed),
    seconds: Number(seconds),
    share: Number(share) / 100,
    us: z.enum(['gcs', 'azure']).parse(us),
    progress: print,
  }).run();
  for (const fault of report.faults) print(`FAULT ${fault}`);
  const counted = (counts: ReadonlyMap<string | number, number>): string =>
    [...counts].map(([what, count]) => `${what} ${count}`).join(', ') || 'none';
  print(`requests to buckets met: ${counted(report.met)}; clients were told: ${counted(report.refused)}`);
  print(
    `${report.acknowledged} pushes acknowledged, ${report.promised} to be there in both regions, ` +
      `recovered after ${report.recoveredAfterMs} ms; ${report.faults.length} faults`,
  );
  return report.faults.length > 0;
}

interface KillValues {
  readonly kills: string;
  readonly seed: string;
  readonly storage: readonly string[];
}

async function stormWithKills(folder: string, values: KillValues): Promise<boolean> {
  const buckets = await openRegionBuckets(values.storage);
  print(`seed ${values.seed}, data in ${[folder, ...values.storage].join(', ')}`);
  const begin = Date.now();
  const report = await new Storm({
    folder,
    kills: Number(values.kills),
    seed: Number(values.seed),
    env: buckets.environment,
    progress: print,
  })
    .run()
    .finally(() => buckets.stop());
  tell(report, Date.now() - begin);
  return report.faults.length > 0;
}

function tell(report: StormReport, tookMs: number): void {
  for (const fault of report.faults) print(`FAULT ${fault}`);
  print(
    `${report.kills} kills in ${Math.round(tookMs / 1000)} s: ${report.acknowledged} pushes acknowledged, ` +
      `${report.promised} to be there in both regions, all asked for ${Math.round(report.equalAfterMs / 1000)} s after the last start; ` +
      `start ${report.startMs.median} ms (median), ${report.startMs.max} ms (max); ${report.faults.length} faults`,
  );
}

exitOnSignals();
process.exitCode = await main(process.argv.slice(2));
