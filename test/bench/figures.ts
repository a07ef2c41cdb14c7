/** One line of the report. */
export interface Figure {
  readonly what: string;
  readonly atoll: string;
  readonly other: string;
  readonly ratio: string;
  readonly wanted: string;
  /** Absent where nothing is demanded. */
  readonly met?: boolean;
}

export interface BenchContext {
  /** A folder on the disk that is measured. */
  readonly folder: string;
  readonly rounds: number;
  readonly note: (line: string) => void;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** A figure that is a rate: ours divided by another's must reach `least`. */
export function rateFigure(
  what: string,
  unit: string,
  ours: number,
  other: { name: string; value: number },
  least?: number,
): Figure {
  const ratio = ours / other.value;
  return {
    what,
    atoll: `${shown(ours)} ${unit}`,
    other: `${other.name}: ${shown(other.value)} ${unit}`,
    ratio: `${ratio.toFixed(2)} x`,
    wanted: least === undefined ? '-' : `${least} x`,
    ...(least === undefined ? {} : { met: ratio >= least }),
  };
}

export function memoryFigure(
  what: string,
  peakMebibytes: number,
  idleMebibytes: number,
  mostMebibytes: number,
): Figure {
  return {
    what,
    atoll: `${Math.round(peakMebibytes)} MiB`,
    other: `idle: ${Math.round(idleMebibytes)} MiB`,
    ratio: '-',
    wanted: `under ${mostMebibytes} MiB`,
    met: peakMebibytes < mostMebibytes,
  };
}

function shown(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-GB') : value.toFixed(1);
}
