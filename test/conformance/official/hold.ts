import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Suite, Variant } from './plan.js';
import { runProgram } from './run-program.js';
import type { Verdict } from './verdict.js';

/** One line of the table: a variant that ran, or a suite that could not. */
export type Row =
  | { readonly suite: Suite; readonly variant: Variant; readonly verdict: Verdict; readonly seconds: number }
  | { readonly suite: Suite; readonly missing: string; readonly isFault: boolean };

export interface HoldOptions {
  readonly url: (automaticMount: boolean) => Promise<string>;
  readonly suites: readonly Suite[];
  readonly choose: (variants: readonly Variant[]) => readonly Variant[];
  /** A suite that is not at hand is then a fault. */
  readonly mustRun: (suite: Suite) => boolean;
  readonly folder: string;
  readonly severalProcesses?: boolean;
  readonly note: (line: string) => void;
}

/** Holds registries against suites, one variant after the other. */
export async function hold({ suites, choose, mustRun, note, ...ground }: HoldOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const suite of suites) {
    const found = await suite.find(note);
    if ('missing' in found) {
      const isFault = found.broken === true || mustRun(suite);
      rows.push({ suite, missing: found.missing, isFault });
      note(`${suite.title}: NOT RUN: ${found.missing}`);
      continue;
    }
    for (const variant of choose(suite.variants)) {
      const begin = performance.now();
      const verdict = await runVariant(suite, variant, found.program, ground);
      const seconds = (performance.now() - begin) / 1000;
      rows.push({ suite, variant, verdict, seconds });
      note(`${suite.title}, ${variant.words}: ${verdict.passed} passed, ${failures(verdict)} failed`);
      for (const fault of verdict.faults) note(`  ${fault}`);
    }
  }
  return rows;
}

/** At least one where anything is wrong, so that no sum of failures hides a fault. */
export function failures({ failed, faults }: Verdict): number {
  return faults.length === 0 ? failed : Math.max(failed, 1);
}

async function runVariant(
  { name }: Suite,
  variant: Variant,
  program: string,
  { url, folder, severalProcesses = false }: Pick<HoldOptions, 'url' | 'folder' | 'severalProcesses'>,
): Promise<Verdict> {
  const words = `${name}-${variant.words.replaceAll(/[^a-z]+/g, '-')}`;
  const reportFolder = join(folder, words);
  // What an earlier run left must not be taken for this one's.
  rmSync(reportFolder, { recursive: true, force: true });
  mkdirSync(reportFolder, { recursive: true });
  const space = `conformance-${randomBytes(6).toString('hex')}`;
  const ground = { url: await url(variant.automaticMount), space, reportFolder, severalProcesses };
  const ending = await runProgram({
    command: program,
    args: variant.args(ground),
    cwd: variant.cwd ?? reportFolder,
    // Settings of whoever runs this are not the suite's: a forgotten OCI_ or ATOLL_ variable would change what is tested.
    env: { ...plain(process.env), ...variant.environment(ground) },
    logFile: join(folder, `${words}.log`),
    limitSeconds: variant.limitSeconds,
  });
  return variant.judge(ending, reportFolder);
}

function plain(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(OCI|ATOLL)_/.test(name)));
}
