// Empties and kills the Redis of the job queue during a push storm: node test/dist/chaos/run.js --seconds 120 --seed 1
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { queueStorm } from './queue-storm.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const folder = mkdtempSync(join(tmpdir(), 'atoll-queue-storm-'));
const print = (line: string): void => void process.stdout.write(`${line}\n`);
print(`seed ${values.seed}, data in ${folder}`);
const report = await queueStorm({
  folder,
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  progress: print,
});
for (const fault of report.faults) print(`FAULT ${fault}`);
print(
  `${report.flushes} flushes and ${report.kills} kills of Redis (which held up to ${report.mostKeys} keys): ${report.acknowledged} pushes acknowledged, ` +
    `both regions equal and asked in full ${Math.round(report.equalAfterMs / 1000)} s after the storm; ${report.faults.length} faults`,
);
if (report.faults.length === 0) rmSync(folder, { recursive: true, force: true });
process.exitCode = report.faults.length === 0 ? 0 : 1;
