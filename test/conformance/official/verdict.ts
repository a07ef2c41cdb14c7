import { parseJunit, type JunitCase } from './junit.js';

/** How a suite's process ended. `status` is absent when a signal ended it. */
export interface Ending {
  readonly status?: number | undefined;
  readonly timedOut: boolean;
}

/** What a run of a suite comes to. It is good when `faults` is empty, whatever the suite itself says. */
export interface Verdict {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
  /** Sentences. */
  readonly faults: readonly string[];
}

export interface Demands {
  /** Cases that are no tests, such as a suite's own reporter. */
  readonly ignored?: (name: string) => boolean;
  /** Exactly so many cases, where the suite always has the same. */
  readonly exactly?: number;
  readonly atLeastPassed: number;
  readonly maySkip: (name: string) => boolean;
}

/**
 * Judges a run by what its report holds. A suite that ran nothing, or could not write its report, may end with status 0 all the same.
 * @param report the text of junit.xml, absent when there is none
 */
export function judge(ending: Ending, report: string | undefined, demands: Demands): Verdict {
  const faults = endingFaults(ending);
  if (report === undefined) return nothing([...faults, 'there is no report']);
  try {
    return judgeCases(faults, parseJunit(report), demands);
  } catch (cause) {
    return nothing([...faults, cause instanceof Error ? cause.message : String(cause)]);
  }
}

/** A run of which nothing is known but what went wrong. */
export function nothing(faults: readonly string[]): Verdict {
  return { passed: 0, failed: 0, skipped: [], faults };
}

export function endingFaults({ status, timedOut }: Ending): string[] {
  if (timedOut) return ['the suite did not end in time'];
  return status === 0 ? [] : [`the suite ended with status ${status ?? 'unknown'}`];
}

function judgeCases(faults: readonly string[], all: readonly JunitCase[], demands: Demands): Verdict {
  const { ignored = () => false, exactly, atLeastPassed, maySkip } = demands;
  const cases = all.filter(({ name }) => !ignored(name));
  const passed = cases.filter(({ status }) => status === 'passed').length;
  const skipped = cases.filter(({ status }) => status === 'skipped').map(({ name }) => name);
  const failed = cases.filter(({ status }) => status !== 'passed' && status !== 'skipped');
  return {
    passed,
    failed: failed.length,
    skipped,
    faults: [
      ...faults,
      ...failed.map(({ name, status }) => `${status || 'no status'}: ${name}`),
      ...skipped.filter((name) => !maySkip(name)).map((name) => `skipped without a reason: ${name}`),
      ...(exactly === undefined || cases.length === exactly ? [] : [`${cases.length} cases, not ${exactly}`]),
      ...(passed >= atLeastPassed ? [] : [`${passed} passed, fewer than ${atLeastPassed}`]),
    ],
  };
}
