// Programs of the system that tests run: found, or installed where that may be done without asking.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { SetupError, step } from './child.mjs';

/** Tests' programs, which are also the names of Debian's packages but for those in PACKAGES. */
export const TEST_TOOLS = ['redis-server', 'skopeo', 'umoci'];
export const BENCH_TOOLS = ['docker-registry', 'nginx', 'redis-server', 'skopeo', 'umoci', 'wrk'];
const PACKAGES = { nginx: 'nginx-light' };

export async function findTools(names, env) {
  const missing = names.filter((name) => !isOnPath(name, env));
  if (missing.length === 0) return;
  const packages = missing.map((name) => PACKAGES[name] ?? name);
  const list = packages.join(' ');
  if (process.getuid?.() !== 0 || !isOnPath('apt-get', env)) {
    throw new SetupError(`${list} must be installed first; on Debian and Ubuntu: sudo apt-get install -y ${list}`);
  }
  // RUNLEVEL keeps Debian from starting a service for what a test starts itself.
  const quiet = { env: { ...env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' } };
  await step('reading the list of Debian packages', 'apt-get', ['update', '-qq'], quiet);
  await step(`installing ${list}`, 'apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], quiet);
}

function isOnPath(name, env) {
  // An unprivileged user's PATH often lacks the folders of servers.
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
