// Kills the real `atoll up` at random moments of a push storm: npm run storm -w test -- --help
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openRegionBuckets, STORE_SERVERS } from '../stores/store-server.js';
import { Storm, type StormReport } from './storm.js';

const HELP = `usage: npm run storm -w test -- [options]

Kills the real process again and again while clients push to both regions, then asks both for all that was acknowledged.

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
  if (report.faults.length === 0) rmSync(folder, { recursive: true, force: true });
  return report.faults.length === 0 ? 0 : 1;
}

function tell(report: StormReport, tookMs: number): void {
  for (const fault of report.faults) print(`FAULT ${fault}`);
  print(
    `${report.kills} kills in ${Math.round(tookMs / 1000)} s: ${report.acknowledged} pushes acknowledged, ` +
      `${report.promised} to be there in both regions, all asked for ${Math.round(report.equalAfterMs / 1000)} s after the last start; ` +
      `start ${report.startMs.median} ms (median), ${report.startMs.max} ms (max); ${report.faults.length} faults`,
  );
}

process.exitCode = await main(process.argv.slice(2));
