import { judge, type Ending, type Verdict } from './verdict.js';

/** How the rewritten suite is run: against the published version of the specification, or what is to come after it. */
export interface RewrittenVariant {
  readonly profile: 'stable' | 'dev';
  readonly automaticMount: boolean;
}

export const REWRITTEN_VARIANTS: readonly RewrittenVariant[] = [
  { profile: 'stable', automaticMount: false },
  { profile: 'dev', automaticMount: false },
  { profile: 'stable', automaticMount: true },
  { profile: 'dev', automaticMount: true },
];

/** What the suite calls the profile, in its settings and in its results. */
const VERSIONS = { stable: '1.1', dev: 'dev' } as const;
const LEAST_PASSED = { stable: 687, dev: 787 } as const;
/** A mount without a source that is answered is checked as every push is, for each of two algorithms. */
const PASSED_BY_AUTOMATIC_MOUNT = 6;

export function rewrittenEnvironment(
  { profile }: RewrittenVariant,
  { url, space, reportFolder }: { readonly url: string; readonly space: string; readonly reportFolder: string },
): Record<string, string> {
  const { host, protocol } = new URL(url);
  return {
    OCI_VERSION: VERSIONS[profile],
    OCI_REGISTRY: host,
    // Any other word, `http` for instance, means TLS.
    OCI_TLS: protocol === 'https:' ? 'enabled' : 'disabled',
    OCI_REPO1: `${space}/one`,
    OCI_REPO2: `${space}/two`,
    OCI_RESULTS_DIR: reportFolder,
  };
}

/** @param reports the texts of junit.xml and results.yaml, each absent when there is none */
export function judgeRewritten(
  { profile, automaticMount }: RewrittenVariant,
  ending: Ending,
  reports: { readonly junit?: string | undefined; readonly results?: string | undefined },
): Verdict {
  const verdict = judge(ending, reports.junit, {
    atLeastPassed: LEAST_PASSED[profile] + (automaticMount ? PASSED_BY_AUTOMATIC_MOUNT : 0),
    maySkip: (name) =>
      (profile === 'stable' && name.endsWith('/post cancel/blob-post-cancel')) ||
      (!automaticMount && name.endsWith('/mount anonymous/blob-mount-anonymous')),
  });
  const version = /^ {2}version: "?([^"\s]+)"?$/m.exec(reports.results ?? '')?.[1];
  if (version === VERSIONS[profile]) return verdict;
  const fault = `results.yaml names version ${version ?? 'nothing'}, not ${VERSIONS[profile]}`;
  return { ...verdict, faults: [...verdict.faults, fault] };
}
