import { table } from '../harness/paper.js';
import { median } from './figures.js';
import { judge, spread, type Verdict } from './goals.js';
import { ATOLL, type Row } from './rows.js';

export interface SheetOptions {
  readonly rows: readonly Row[];
  readonly columns: readonly string[];
  /** Why a column has no figures, for those that have none. */
  readonly missing: ReadonlyMap<string, string>;
  /** False when the work was too small for its figures to mean anything. */
  readonly judged: boolean;
}

/** The figures of all rounds, and the table they make. */
export class Sheet {
  readonly #values = new Map<Row, Map<string, number[]>>();
  readonly #faults: string[] = [];
  readonly #failed = new Map<Row, Set<string>>();

  constructor(private readonly options: SheetOptions) {}

  add(row: Row, column: string, value: number): void {
    const columns = this.#values.get(row) ?? new Map<string, number[]>();
    this.#values.set(row, columns);
    columns.set(column, [...(columns.get(column) ?? []), value]);
  }

  /** What could not be measured is told in its cells and below the table, and makes the run a failed one. */
  fault(rows: readonly Row[], column: string, what: string): void {
    this.#faults.push(what);
    for (const row of rows) this.#failed.set(row, new Set([...(this.#failed.get(row) ?? []), column]));
  }

  /** Rows that did not reach all they have to, and faults. */
  get failures(): string[] {
    const { rows, judged } = this.options;
    const missed = rows.filter((row) => this.#verdicts(row).some(({ met }) => met === false));
    return [...(judged ? missed.map(({ what }) => `not reached: ${what}`) : []), ...this.#faults];
  }

  markdown(): string {
    const { rows, columns, missing } = this.options;
    const head = ['what', ...columns, 'to reach', 'met'];
    const text = table(
      head,
      rows.map((row) => this.#cells(row)),
    );
    const notes = [
      ...[...missing].map(([column, why]) => `${column} is missing: ${why}.`),
      ...this.#spreads(),
      ...this.#faults.map((fault) => `Failed: ${fault}`),
    ];
    return [text, notes.map((note) => `- ${note}`).join('\n')].filter((part) => part !== '').join('\n\n');
  }

  #cells(row: Row): string[] {
    const { columns, judged } = this.options;
    const verdicts = judged ? this.#verdicts(row) : [];
    const reached = verdicts.map(({ text, met }) => (met === false ? `${text}, NOT met` : text));
    const figures = columns.map((column) => this.#cell(row, column));
    return [`${row.what}, ${row.unit}`, ...figures, reached.join('; ') || '-', summed(verdicts)];
  }

  #cell(row: Row, column: string): string {
    const value = this.#value(row, column);
    if (value !== undefined) return value >= 100 ? Math.round(value).toLocaleString('en-GB') : value.toFixed(1);
    if (this.#failed.get(row)?.has(column) === true) return 'failed';
    return this.options.missing.has(column) ? 'missing' : '-';
  }

  #value(row: Row, column: string): number | undefined {
    const values = this.#values.get(row)?.get(column) ?? [];
    return values.length === 0 ? undefined : median(values);
  }

  #verdicts(row: Row): Verdict[] {
    const ours = this.#value(row, ATOLL);
    if (ours === undefined) return row.goals.map(() => ({ text: 'not measured', met: false }));
    return row.goals.map((goal) => judge(goal, ours, (column) => this.#value(row, column)));
  }

  /** How far the rounds of one column lie apart, in the row where they lie apart most and in the middle one. */
  #spreads(): string[] {
    const told = this.options.columns.flatMap((column) => {
      const all = [...this.#values.values()].flatMap((columns) => {
        const values = columns.get(column) ?? [];
        return values.length < 2 ? [] : [spread(values)];
      });
      const percent = (share: number): string => `${Math.round(share * 100)} %`;
      return all.length === 0 ? [] : [`${column} ${percent(median(all))}, at most ${percent(Math.max(...all))}`];
    });
    if (told.length === 0) return [];
    return [`Highest less lowest of the rounds, as a share of their median, in the middle row: ${told.join('; ')}.`];
  }
}

/** `open` where nothing is missed and something could not be judged. */
function summed(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return '-';
  if (verdicts.some(({ met }) => met === false)) return 'NO';
  return verdicts.every(({ met }) => met === true) ? 'yes' : 'open';
}
