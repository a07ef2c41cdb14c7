import { median } from './figures.js';

/** What a row has to reach: a share of another column, of the best of all registries, or a bound. */
export type Goal =
  | { readonly kind: 'times'; readonly least: number; readonly column: string }
  | { readonly kind: 'past'; readonly columns: readonly string[] }
  | { readonly kind: 'under'; readonly most: number };

export interface Verdict {
  readonly text: string;
  /** Absent where what it is measured by was not there. */
  readonly met?: boolean;
}

/** Judges the figure of Atoll by those beside it. `value` answers the median of a column, where there is one. */
export function judge(goal: Goal, ours: number, value: (column: string) => number | undefined): Verdict {
  if (goal.kind === 'under') return { text: `under ${goal.most}`, met: ours < goal.most };
  if (goal.kind === 'times') {
    const wanted =
      goal.least < 1 ? `${Math.round(goal.least * 100)} % of ${goal.column}` : `${goal.least} x ${goal.column}`;
    const other = value(goal.column);
    if (other === undefined) return { text: `${wanted}: not judged` };
    const ratio = ours / other;
    return { text: `${wanted}: ${shownRatio(goal.least, ratio)}`, met: ratio >= goal.least };
  }
  const others = goal.columns.flatMap((column) => {
    const other = value(column);
    return other === undefined ? [] : [{ column, other }];
  });
  const best = others.toSorted((a, b) => b.other - a.other)[0];
  const absent = goal.columns.filter((column) => value(column) === undefined);
  const wanted = goal.columns.length === 1 ? `past ${goal.columns.join()}` : 'past every registry';
  if (best === undefined) return { text: `${wanted}: not judged` };
  const beside = goal.columns.length === 1 ? '' : ` ${best.column}`;
  const without = absent.length === 0 ? '' : ` (without ${absent.join(', ')})`;
  return { text: `${wanted}: ${(ours / best.other).toFixed(2)} x${beside}${without}`, met: ours > best.other };
}

function shownRatio(least: number, ratio: number): string {
  return least < 1 ? `${(ratio * 100).toFixed(0)} %` : `${ratio.toFixed(2)} x`;
}

/** Highest less lowest, as a share of the median. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}
