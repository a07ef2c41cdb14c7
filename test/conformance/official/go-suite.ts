import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { findTool } from '../../clients/tool.js';
import { checkoutFolder } from '../../harness/checkout.js';
import { runProgram } from './run-program.js';

const MODULE = 'github.com/opencontainers/distribution-spec/conformance';
const BUILD_LIMIT_SECONDS = 900;
const GO_FOLDER = '/usr/local/go/bin';

/** A program, or why there is none. */
export type Found = { readonly program: string } | { readonly missing: string; readonly broken?: boolean };

/**
 * The suite that is published as a Go module, at the version that go.mod and go.sum beside this pin. It is built once for each version,
 * outside the checkout; where it was built before, Go is not needed.
 */
export async function buildModuleSuite(note: (line: string) => void): Promise<Found> {
  const pins = join(checkoutFolder(), 'test', 'conformance', 'suite-2023-11');
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(pins, file)));
  const folder = join(homedir(), '.cache', 'atoll-tools', `conformance-2023-11-${hash.digest('hex').slice(0, 16)}`);
  const program = join(folder, 'conformance.test');
  if (existsSync(program)) return { program };
  const go = findTool('go') ?? (existsSync(join(GO_FOLDER, 'go')) ? join(GO_FOLDER, 'go') : undefined);
  if (go === undefined) return { missing: 'Go is not installed' };
  note('building the suite of 2023-11; that takes some minutes the first time');
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, 'build-'));
  const logFile = join(folder, 'build.log');
  const built = join(work, 'conformance.test');
  const { status } = await runProgram({
    command: go,
    args: ['test', '-c', '-o', built, MODULE],
    env: { ...process.env, GOFLAGS: '-mod=readonly' },
    cwd: pins,
    logFile,
    limitSeconds: BUILD_LIMIT_SECONDS,
  });
  const made = status === 0 && existsSync(built);
  // Another run may have built it meanwhile: the same program.
  if (made) renameSync(built, program);
  rmSync(work, { recursive: true, force: true });
  return made ? { program } : { missing: `the build failed, see ${logFile}`, broken: true };
}

/** A suite's program that the user names in the environment. */
export function namedSuite(variable: string): Found {
  const file = process.env[variable] ?? '';
  if (file === '') return { missing: `${variable} names no program` };
  return existsSync(file)
    ? { program: file }
    : { missing: `${variable} names ${file}, which is not there`, broken: true };
}
