// Runs jest for the package in the current folder, with what ECMAScript modules need, and leaves test-results.json behind,
// or the file that --outputFile names.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
const config = fileURLToPath(new URL('../../jest.config.mjs', import.meta.url));
const args = process.argv.slice(2);
const elsewhere = args.some((arg) => arg.startsWith('--outputFile='));
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    jest,
    '--config',
    config,
    '--rootDir',
    process.cwd(),
    '--json',
    ...(elsewhere ? [] : ['--outputFile=test-results.json']),
    '--passWithNoTests',
    ...args,
  ],
  { stdio: 'inherit' },
);
process.exit(status ?? 1);
