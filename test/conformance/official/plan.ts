import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutFolder } from '../../harness/checkout.js';
import { buildModuleSuite, namedSuite, type Found } from './go-suite.js';
import { judgeOwn } from './own-suite.js';
import { judgeRewritten, rewrittenEnvironment, REWRITTEN_VARIANTS } from './rewritten-suite.js';
import type { Ending, Verdict } from './verdict.js';
import { judgeWorkflows, workflowEnvironment, WORKFLOW_VARIANTS } from './workflow-suite.js';

export const SUITES = ['own', 'module', 'v1', 'v2'] as const;
export type SuiteName = (typeof SUITES)[number];

/** Where a variant runs, and where it leaves its report. */
export interface Ground {
  readonly url: string;
  /** The beginning of the names of repositories nobody else uses. */
  readonly space: string;
  readonly reportFolder: string;
  /** Each request goes to another process. */
  readonly severalProcesses: boolean;
}

export interface Variant {
  readonly words: string;
  /** How the registry has to be set for it. */
  readonly automaticMount: boolean;
  /** What a redirect leads to must be answered as the registry would: no bucket tells a blob's digest in a header. */
  readonly wantsOwnAnswers?: boolean;
  readonly limitSeconds: number;
  readonly args: (ground: Ground) => readonly string[];
  readonly cwd?: string;
  readonly environment: (ground: Ground) => Record<string, string>;
  readonly judge: (ending: Ending, reportFolder: string) => Verdict;
}

export interface Suite {
  readonly name: SuiteName;
  readonly title: string;
  /** Brings the suite's program, which may take minutes. */
  readonly find: (note: (line: string) => void) => Promise<Found>;
  readonly variants: readonly Variant[];
}

const NO_ARGS = (): readonly string[] => [];

const workflowVariants = WORKFLOW_VARIANTS.map((variant): Variant => {
  const { automaticMount, deleteManifestFirst } = variant;
  return {
    words: `${mountWords(automaticMount)}, ${deleteManifestFirst ? 'manifests' : 'blobs'} deleted first`,
    automaticMount,
    limitSeconds: 300,
    args: NO_ARGS,
    environment: (ground) => workflowEnvironment(variant, ground),
    judge: (ending, folder) => judgeWorkflows(variant, ending, readIfThere(join(folder, 'junit.xml'))),
  };
});

const rewrittenVariants = REWRITTEN_VARIANTS.map((variant): Variant => {
  const { automaticMount, profile } = variant;
  return {
    words: `${profile}, ${mountWords(automaticMount)}`,
    automaticMount,
    wantsOwnAnswers: profile === 'dev',
    limitSeconds: 600,
    args: NO_ARGS,
    environment: (ground) => rewrittenEnvironment(variant, ground),
    judge: (ending, folder) =>
      judgeRewritten(variant, ending, {
        junit: readIfThere(join(folder, 'junit.xml')),
        results: readIfThere(join(folder, 'results.yaml')),
      }),
  };
});

const ownVariants = [false, true].map((automaticMount): Variant => {
  const results = (folder: string): string => join(folder, 'results.json');
  return {
    words: mountWords(automaticMount),
    automaticMount,
    limitSeconds: 900,
    // The files of this folder itself: those below test the guards.
    args: ({ reportFolder }) => [
      join(checkoutFolder(), 'packages', 'bootstrap', 'jest.mjs'),
      'test/conformance/[a-z0-9-]+\\.test\\.ts$',
      `--outputFile=${results(reportFolder)}`,
    ],
    cwd: join(checkoutFolder(), 'test'),
    environment: ({ url, severalProcesses }) => ({
      ATOLL_CONFORMANCE_URL: url,
      ATOLL_CONFORMANCE_PROCESSES: severalProcesses ? 'several' : 'one',
      ATOLL_CONFORMANCE_AUTOMATIC_MOUNT: automaticMount ? 'on' : 'off',
    }),
    judge: (ending, folder) => judgeOwn(ending, readIfThere(results(folder))),
  };
});

/** Every suite there is, in the order of the table. */
export const PLAN: readonly Suite[] = [
  { name: 'own', title: "Atoll's own", find: async () => ({ program: process.execPath }), variants: ownVariants },
  { name: 'module', title: 'official, 2023-11', find: buildModuleSuite, variants: workflowVariants },
  {
    name: 'v1',
    title: 'official, v1.1.1',
    find: async () => namedSuite('ATOLL_CONFORMANCE_V1'),
    variants: workflowVariants,
  },
  {
    name: 'v2',
    title: 'official, rewritten',
    find: async () => namedSuite('ATOLL_CONFORMANCE_V2'),
    variants: rewrittenVariants,
  },
];

function mountWords(automaticMount: boolean): string {
  return `automatic mount ${automaticMount ? 'on' : 'off'}`;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
