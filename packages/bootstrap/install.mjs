// The dependencies of package-lock.json, installed when node_modules does not hold them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { step } from './child.mjs';
import { isInstalled } from './lock.mjs';

export async function installDependencies(root, env) {
  const lock = readJson(join(root, 'package-lock.json'));
  // npm writes this record as the last step of an install, so an interrupted one is not taken for whole.
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'));
  if (installed !== undefined && isInstalled(lock, installed)) return;
  const count = Object.keys(lock.packages).length;
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  await step(`installing ${count} packages from npm`, 'npm', args, { env, cwd: root });
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  }
}
