import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bringTools } from '../clients/install.js';
import type { BenchContext } from './figures.js';
import { canBeMeasured, lineup, type Contestant } from './contestants.js';
import { FULL, SMALL, tableRows, type Row } from './rows.js';
import { Sheet } from './sheet.js';
import { samples, takeTurn } from './turn.js';

export interface ProtocolOptions extends BenchContext {
  /** Registries named on the command line: a URL, or a command with {port} and {folder} in it. */
  readonly peers: ReadonlyMap<string, string>;
  /** Only rows with this in their name. */
  readonly only?: string;
  /** Only to see that everything can be measured: nothing is judged. */
  readonly small: boolean;
  /** Holds the table of the rounds so far, in case the run is ended. */
  readonly partialFile: string;
  /** Where Atoll leaves a profile of the processor, one for each round. */
  readonly profileFolder?: string;
}

/** The work of a registry, Atoll and everyone else by turns in every round, each with a fresh process and an empty folder. */
export async function benchProtocol(options: ProtocolOptions): Promise<Sheet> {
  const { rounds, small, note, only = '', peers, profileFolder } = options;
  const bodies = { manifest: samples.image.bytes, blob: samples.blob.bytes };
  if (!small) await bringTools(['olareg', 'registry'], note);
  const line = lineup({ peers, bodies, ...(profileFolder === undefined ? {} : { profileFolder }) });
  const rows = tableRows(line.registries).filter(({ what }) => what.includes(only));
  const sheet = new Sheet({ rows, columns: line.columns, missing: line.missing, judged: !small });
  for (const [column, why] of line.missing) note(`${column} is missing: ${why}`);
  for (let round = 0; round < rounds; round++) {
    // Nobody is always first after the same neighbour.
    const first = round % line.contestants.length;
    const order = [...line.contestants.slice(first), ...line.contestants.slice(0, first)];
    for (const contestant of order) {
      const own = rows.filter(({ measure }) => canBeMeasured(contestant, measure));
      if (own.length > 0) await measure(options, { contestant, rows: own, round, sheet });
    }
    writeFileSync(options.partialFile, `${round + 1} of ${rounds} rounds\n\n${sheet.markdown()}\n`);
  }
  return sheet;
}

interface Bout {
  readonly contestant: Contestant;
  readonly rows: readonly Row[];
  readonly round: number;
  readonly sheet: Sheet;
}

/** What fails is told in the table, and the others go on. */
async function measure(options: ProtocolOptions, { contestant, rows, round, sheet }: Bout): Promise<void> {
  const { folder, rounds, small, note } = options;
  const { column } = contestant;
  const begin = performance.now();
  const fail = (failed: readonly Row[], what: string, cause: unknown): void => {
    sheet.fault(failed, column, `${column}, ${what}, round ${round + 1}: ${firstLine(cause)}`);
    note(`  ${column}, ${what} FAILED: ${String(cause)}`);
  };
  try {
    await takeTurn({
      contestant,
      rows,
      sizes: small ? SMALL : FULL,
      folder: join(folder, `turn-${round}-${column.replaceAll(/\W/g, '-')}`),
      salt: `${Date.now()}-${round}`,
      found: (row, value) => {
        sheet.add(row, column, value);
        note(`  ${column}: ${row.what}, ${value.toFixed(1)} ${row.unit}`);
      },
      failed: (row, cause) => fail([row], row.what, cause),
    });
  } catch (cause) {
    fail(rows, 'start', cause);
  }
  note(`round ${round + 1} of ${rounds}, ${column}: ${((performance.now() - begin) / 1000).toFixed(0)} s`);
}

function firstLine(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return (
    text
      .split('\n')
      .find((line) => line.trim() !== '')
      ?.slice(0, 300) ?? 'no reason given'
  );
}
