// Kills the real `atoll up` at random moments of a push storm: node test/dist/crash/run.js --kills 200 --seed 1
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Storm } from './storm.js';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    folder: { type: 'string', default: tmpdir() },
  },
});
const folder = mkdtempSync(join(values.folder, 'atoll-storm-'));
const print = (line: string): void => void process.stdout.write(`${line}\n`);
print(`seed ${values.seed}, data in ${folder}`);
const begin = Date.now();
const report = await new Storm({
  folder,
  kills: Number(values.kills),
  seed: Number(values.seed),
  progress: print,
}).run();
for (const fault of report.faults) print(`FAULT ${fault}`);
print(
  `${report.kills} kills in ${Math.round((Date.now() - begin) / 1000)} s: ${report.acknowledged} pushes acknowledged, ` +
    `${report.promised} to be there in both regions, all asked for ${Math.round(report.equalAfterMs / 1000)} s after the last start; ` +
    `start ${report.startMs.median} ms (median), ${report.startMs.max} ms (max); ${report.faults.length} faults`,
);
if (report.faults.length === 0) rmSync(folder, { recursive: true, force: true });
process.exitCode = report.faults.length === 0 ? 0 : 1;
