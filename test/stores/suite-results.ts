import { z } from 'zod';

/** What is read of the JSON that jest writes. */
const Results = z.object({
  startTime: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      message: z.string(),
      endTime: z.number(),
      assertionResults: z.array(
        z.object({ ancestorTitles: z.array(z.string()), fullName: z.string(), status: z.string() }),
      ),
    }),
  ),
});

const Noted = z.object({
  name: z.string(),
  capabilities: z.object({
    conditionalDelete: z.boolean(),
    presign: z.boolean(),
    parts: z.object({ equal: z.boolean(), minBytes: z.number(), streamed: z.boolean() }),
  }),
});
type Noted = z.infer<typeof Noted>;

export interface Count {
  readonly passed: number;
  readonly failed: number;
}

/** The driver suite over one form of a store. */
export interface SuiteRun extends Count {
  readonly subject: string;
  readonly capabilities: Noted['capabilities'];
}

export interface StoreVerdict {
  readonly suites: readonly SuiteRun[];
  /** Tests beside the suite, in the same file. */
  readonly others: Count;
  readonly seconds: number;
  /** Sentences. */
  readonly faults: readonly string[];
}

/** Far below what the suite has, and far above what a pattern that matches nothing finds. */
const LEAST_CASES = 70;
const NOTHING: StoreVerdict = { suites: [], others: { passed: 0, failed: 0 }, seconds: 0, faults: [] };

/**
 * What a run of one file of tests comes to. It is good when `faults` is empty.
 * @param results the text of jest's results, absent when there is none
 * @param noted the lines in which the driver suite noted what it ran over
 */
export function judgeStore(status: number | undefined, results: string | undefined, noted: string): StoreVerdict {
  const faults = status === 0 ? [] : [`the tests ended with status ${status ?? 'unknown'}`];
  if (results === undefined) return { ...NOTHING, faults: [...faults, 'there are no results'] };
  const { startTime, testResults } = Results.parse(JSON.parse(results));
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const subjects = noted.split('\n').flatMap((line) => (line === '' ? [] : [Noted.parse(JSON.parse(line))]));
  const names = new Set(subjects.map(({ name }) => name));
  const suites = subjects.map(({ name, capabilities }) => ({
    subject: name,
    capabilities,
    ...countOf(tests.filter(({ ancestorTitles }) => ancestorTitles.includes(name))),
  }));
  const broken = testResults.filter(({ assertionResults }) => assertionResults.length === 0);
  return {
    suites,
    others: countOf(tests.filter(({ ancestorTitles }) => !ancestorTitles.some((title) => names.has(title)))),
    seconds: (Math.max(startTime, ...testResults.map(({ endTime }) => endTime)) - startTime) / 1000,
    faults: [
      ...faults,
      ...broken.map(({ message }) => `the file could not run: ${message.trim().slice(0, 300)}`),
      ...tests.filter(({ status }) => status !== 'passed').map(({ status, fullName }) => `${status}: ${fullName}`),
      ...(suites.length > 0 ? [] : ['the driver suite ran over nothing']),
      ...suites.filter(isShort).map(({ subject }) => `fewer than ${LEAST_CASES} cases over ${subject}`),
    ],
  };
}

function isShort({ passed, failed }: Count): boolean {
  return passed + failed < LEAST_CASES;
}

/** Skipped is failed: a suite that leaves something out has not held. */
function countOf(tests: readonly { readonly status: string }[]): Count {
  const passed = tests.filter(({ status }) => status === 'passed').length;
  return { passed, failed: tests.length - passed };
}
