// Runs every client that is found against two regions and writes docs/clients.md: node test/dist/clients/run.js [names]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Atoll } from '../harness/atoll.js';
import { table, writeBetween } from '../harness/paper.js';
import { CLIENTS, interop, type InteropRow } from './interop.js';
import { COLUMNS } from './trial.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'big-mebibytes': { type: 'string', default: '300' }, keep: { type: 'boolean', default: false } },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);
// A short path: the sockets of daemons live under it, and a socket's path has 108 bytes at most.
const folder = mkdtempSync(join(tmpdir(), 'atoll-c-'));
const clients = CLIENTS.filter(
  ({ name }) => positionals.length === 0 || positionals.some((word) => name.toLowerCase().includes(word)),
);
const atoll = await Atoll.start(join(folder, 'atoll'));
const rows = await interop({
  regions: atoll,
  folder,
  clients,
  bigMebibytes: Number(values['big-mebibytes']),
  progress: print,
});
await atoll.stop();
const result = table(['client', 'version', ...COLUMNS, 's'], rows.map(cellsOf));
print(`\n${result}\n`);
if (positionals.length === 0) writeBetween('docs/clients.md', 'clients', result);
const failed = rows.filter((row) => row.fault !== undefined && !row.missing);
for (const row of rows.filter(({ missing }) => missing)) print(`${row.client} ${row.fault}`);
print(
  `${rows.length - failed.length - rows.filter(({ missing }) => missing).length} clients passed, ${failed.length} failed`,
);
if (failed.length === 0 && !values.keep) rmSync(folder, { recursive: true, force: true });
else print(`everything is kept in ${folder}`);
process.exitCode = failed.length === 0 ? 0 : 1;

function cellsOf({ client, version, cells, seconds, fault, missing }: InteropRow): string[] {
  const shown = missing ? [...cells.slice(0, -1), 'not installed here'] : cells;
  return [client, version, ...shown, fault === undefined ? seconds.toFixed(1) : missing ? '-' : 'FAILED'];
}
