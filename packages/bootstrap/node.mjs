// The Node that everything runs on: this one where it is new enough, else one from npm, kept in .cache.
import { existsSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { SetupError, say, step } from './child.mjs';

const BROUGHT = '24.21.0';
const OLDEST = [22, 18];

/** `{ node, env }`: the program, and an environment in which npm and every tool find it first. */
export async function bringNode(root) {
  if (isNewEnough(process.versions.node)) return { node: process.execPath, env: { ...process.env } };
  const name = `node-${process.platform}-${process.arch}`;
  const folder = join(root, '.cache', `node-${BROUGHT}`);
  const node = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(node)) await install(`${name}@${BROUGHT}`, folder);
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` };
  return { node, env };
}

export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** Installs beside its place and moves it there, so that an interrupted install leaves nothing that looks whole. */
async function install(what, folder) {
  const partial = `${folder}.partial-${process.pid}`;
  const title = `bringing Node ${BROUGHT} from npm, as this is ${process.versions.node} and ${OLDEST.join('.')} is needed`;
  try {
    await step(
      title,
      'npm',
      ['install', '--prefix', partial, '--no-save', '--no-audit', '--no-fund', '--global=false', what],
      {
        env: { ...process.env, npm_config_workspaces: '', npm_config_local_prefix: '' },
      },
    );
    renameSync(partial, folder);
  } catch (cause) {
    if (existsSync(folder)) return;
    if (cause instanceof SetupError)
      say(`npm may lack ${what}: then install Node ${OLDEST.join('.')} or newer yourself`);
    throw cause;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}
