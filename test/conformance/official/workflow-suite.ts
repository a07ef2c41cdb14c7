import { judge, type Ending, type Verdict } from './verdict.js';

/** How the suites of 2023-11 and of v1.1.1 are run: four workflows, and two questions on which a registry may choose. */
export interface WorkflowVariant {
  readonly automaticMount: boolean;
  readonly deleteManifestFirst: boolean;
}

export const WORKFLOW_VARIANTS: readonly WorkflowVariant[] = [
  { automaticMount: false, deleteManifestFirst: true },
  { automaticMount: false, deleteManifestFirst: false },
  { automaticMount: true, deleteManifestFirst: true },
  { automaticMount: true, deleteManifestFirst: false },
];

const CASES = 79;
const LEAST_PASSED = 75;

/** What each skip means stands in docs/conformance.md. */
const ALWAYS_SKIPPED = [
  'Pull Setup Get tag name from environment',
  'Push Cross-Repository Blob Mount Cross-mounting of nonexistent blob should yield session id',
  'Content Discovery Setup Populate registry with test tags (no push)',
];
const MOUNT = 'Push Cross-Repository Blob Mount Cross-mounting without from, and automatic content discovery';

export function workflowEnvironment(
  { automaticMount, deleteManifestFirst }: WorkflowVariant,
  { url, space, reportFolder }: { readonly url: string; readonly space: string; readonly reportFolder: string },
): Record<string, string> {
  // The switches are 1 and 0: a word that Go does not take for a boolean silently means off.
  return {
    OCI_ROOT_URL: url,
    OCI_NAMESPACE: `${space}/one`,
    OCI_CROSSMOUNT_NAMESPACE: `${space}/two`,
    OCI_TEST_PULL: '1',
    OCI_TEST_PUSH: '1',
    OCI_TEST_CONTENT_DISCOVERY: '1',
    OCI_TEST_CONTENT_MANAGEMENT: '1',
    OCI_AUTOMATIC_CROSSMOUNT: automaticMount ? '1' : '0',
    OCI_DELETE_MANIFEST_BEFORE_BLOBS: deleteManifestFirst ? '1' : '0',
    OCI_HIDE_SKIPPED_WORKFLOWS: '0',
    OCI_REPORT_DIR: reportFolder,
  };
}

/** @param report the text of junit.xml, absent when there is none */
export function judgeWorkflows(
  { automaticMount }: Pick<WorkflowVariant, 'automaticMount'>,
  ending: Ending,
  report: string | undefined,
): Verdict {
  const otherMount = automaticMount ? `${MOUNT} disabled should return a 202` : `${MOUNT} enabled should return a 201`;
  const skippable = new Set([...ALWAYS_SKIPPED, otherMount]);
  return judge(ending, report, {
    ignored: (name) => name.endsWith('html custom reporter'),
    exactly: CASES,
    atLeastPassed: LEAST_PASSED,
    maySkip: (name) => skippable.has(name.replace(/^(\[It\] )?OCI Distribution Conformance Tests /, '')),
  });
}
