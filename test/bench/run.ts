// Measures Atoll beside docker-registry and bare baselines and writes docs/performance.md:
// node test/dist/bench/run.js [blobs memory manifests replication] --rounds 3
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkoutFolder } from '../harness/checkout.js';
import { table, writeBetween } from '../harness/paper.js';
import { benchBlobs } from './blobs.js';
import type { BenchContext, Figure } from './figures.js';
import { benchManifests } from './manifests.js';
import { benchMemory } from './memory.js';
import { benchReplication } from './replication.js';

const BENCHES: Readonly<Record<string, (context: BenchContext) => Promise<Figure[]>>> = {
  memory: benchMemory,
  blobs: benchBlobs,
  manifests: benchManifests,
  replication: benchReplication,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    folder: { type: 'string', default: join(checkoutFolder(), '.cache') },
  },
});
const unknown = positionals.filter((name) => !(name in BENCHES));
if (unknown.length > 0)
  throw new Error(`no bench named ${unknown.join(', ')}; there are ${Object.keys(BENCHES).join(', ')}`);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
mkdirSync(values.folder, { recursive: true });
const folder = mkdtempSync(join(values.folder, 'bench-'));
const rounds = Number(values.rounds);
const figures: Figure[] = [];
for (const [name, bench] of Object.entries(BENCHES)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  figures.push(...(await bench({ folder, rounds, note: print })));
}
rmSync(folder, { recursive: true, force: true });
const result = table(['what', 'atoll', 'beside it', 'ratio', 'wanted', 'met'], figures.map(cellsOf));
const where = `Medians of ${rounds}, ${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}.`;
print(`\n${where}\n\n${result}\n`);
if (positionals.length === 0) writeBetween('docs/performance.md', 'bench', `${where}\n\n${result}`);
process.exitCode = figures.some(({ met }) => met === false) ? 1 : 0;

function cellsOf({ what, atoll, other, ratio, wanted, met }: Figure): string[] {
  return [what, atoll, other, ratio, wanted, met === undefined ? '-' : met ? 'yes' : 'NO'];
}
