export interface JunitCase {
  readonly name: string;
  /** `passed`, `skipped`, or any other word for what went wrong. */
  readonly status: string;
}

/**
 * The cases of a JUnit report as both families of suites write it: a status attribute on every case, everything in texts escaped. The
 * number at its head is not looked at: one family counts groups of cases as well.
 * @throws Error when the report is cut off
 */
export function parseJunit(xml: string): JunitCase[] {
  const text = xml.replaceAll(/<!\[CDATA\[.*?\]\]>/gs, '');
  if (!text.trimEnd().endsWith('</testsuites>')) throw new Error('the report is cut off');
  return [...text.matchAll(/<testcase ([^>]*)>/g)].map(([, attributes = '']) => ({
    name: attribute(attributes, 'name'),
    status: attribute(attributes, 'status'),
  }));
}

function attribute(attributes: string, name: string): string {
  const value = new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? '';
  return value.replaceAll(/&(lt|gt|quot|apos|amp|#39|#34);/g, (_, entity: string) => ENTITIES[entity] ?? '');
}

const ENTITIES: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  amp: '&',
  '#39': "'",
  '#34': '"',
};
