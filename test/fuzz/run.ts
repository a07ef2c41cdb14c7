// Throws hostile requests at a real `atoll serve`: node test/dist/fuzz/run.js --requests 1000000 --seed 1
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Fuzz, startRegion, type FuzzReport } from './fuzz.js';
import { record, replay } from './replay.js';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    url: { type: 'string' },
    replay: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);
mkdirSync(values.folder, { recursive: true });
const folder = mkdtempSync(join(values.folder, 'atoll-fuzz-'));
const clean = values.replay === undefined ? await fuzz() : await sayAgain(values.replay);
if (clean) rmSync(folder, { recursive: true, force: true });
process.exitCode = clean ? 0 : 1;

async function fuzz(): Promise<boolean> {
  const { url } = values;
  const [requests, seed] = [Number(values.requests), Number(values.seed)];
  print(`seed ${seed}, data in ${folder}`);
  let told = 0;
  const progress = (line: string): void => {
    if (told++ % 5 === 0) print(line);
  };
  const report = await new Fuzz({ requests, seed, folder, progress, ...(url !== undefined && { url }) }).run();
  tell(report, seed);
  return report.found.length === 0 && report.faults.length === 0;
}

function tell({ requests, seconds, statuses, found, faults, residentBytes }: FuzzReport, seed: number): void {
  print(`answers: ${[...statuses].map(([status, count]) => `${count} x ${status}`).join(', ')}`);
  for (const [at, fault] of found.entries()) {
    const file = join(folder, `fault-${at}.json`);
    record(file, seed, fault);
    const last = fault.sent.at(-1)?.bytes ?? Buffer.alloc(0);
    print(`FAULT seed ${seed}, episode ${fault.episode}: ${fault.what}`);
    print(`  sent ${JSON.stringify(last.toString('latin1').slice(0, 1500))}`);
    print(`  hex  ${last.toString('hex').slice(0, 3000)}`);
    print(`  again: npm run fuzz -- --replay ${file}`);
  }
  for (const fault of faults) print(`FAULT ${fault}`);
  const memory = residentBytes?.map((bytes) => `${Math.round(bytes / 2 ** 20)} MiB`).join(' after the warm-up, ');
  print(
    `${requests} requests in ${Math.round(seconds)} s (${Math.round(requests / seconds)} a second), ` +
      `${memory === undefined ? '' : `memory ${memory} at the end, `}${found.length + faults.length} faults`,
  );
}

async function sayAgain(file: string): Promise<boolean> {
  const served = values.url === undefined ? await startRegion(folder) : undefined;
  const url = new URL(values.url ?? served?.wire.url ?? '');
  const fault = await replay(file, { host: url.hostname, port: Number(url.port || 80) });
  await served?.service.stop();
  print(fault === undefined ? 'no fault this time' : `FAULT ${fault}`);
  return fault === undefined;
}
