import { z } from 'zod';
import { endingFaults, nothing, type Ending, type Verdict } from './verdict.js';

/** What is read of the JSON that jest writes. */
const Results = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  numRuntimeErrorTestSuites: z.int(),
  testResults: z.array(
    z.object({
      name: z.string(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

/** Far below what there is, and far above what a pattern that matches nothing finds. */
const LEAST_PASSED = 500;

/** @param results the text of jest's results, absent when there is none */
export function judgeOwn(ending: Ending, results: string | undefined): Verdict {
  const faults = endingFaults(ending);
  const parsed = results === undefined ? undefined : Results.safeParse(jsonOf(results));
  if (!parsed?.success)
    return nothing([...faults, results === undefined ? 'there are no results' : 'no results of jest']);
  const { numPassedTests: passed, numFailedTests, numRuntimeErrorTestSuites, testResults } = parsed.data;
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const withStatus = (wanted: (status: string) => boolean): string[] =>
    tests.filter(({ status }) => wanted(status)).map(({ fullName }) => fullName);
  const skipped = withStatus((status) => status !== 'passed' && status !== 'failed');
  return {
    passed,
    failed: numFailedTests + numRuntimeErrorTestSuites,
    skipped,
    faults: [
      ...faults,
      ...withStatus((status) => status === 'failed').map((name) => `failed: ${name}`),
      ...skipped.map((name) => `skipped without a reason: ${name}`),
      ...(numRuntimeErrorTestSuites === 0 ? [] : [`${numRuntimeErrorTestSuites} files of tests could not run`]),
      ...(passed >= LEAST_PASSED ? [] : [`${passed} passed, fewer than ${LEAST_PASSED}`]),
    ],
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
