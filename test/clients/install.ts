import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mavenProject, mainModule } from './recipe.js';
import { nicely, step, type Say, type StepOptions } from './step.js';
import { cachedFile, folderOf, NEEDED_BY, TOOLS, type ToolSource } from './tool-table.js';
import { findTool, toolCache } from './tool.js';

type CachedSource = Exclude<ToolSource, { from: 'debian' }>;

/** Brings every named program that is not here and can be had, one after the other. What could not be had is told by `say`. */
export async function bringTools(names: Iterable<string>, say: Say): Promise<void> {
  const missing = missingOf(names);
  const sources = TOOLS.filter(({ name }) => missing.has(name));
  await installPackages(
    sources.flatMap((source) => (source.from === 'debian' ? [source.package] : [])),
    say,
  );
  for (const source of sources) {
    if (source.from === 'debian' || findTool(source.name) !== undefined) continue;
    await bring(source, say).catch((cause: unknown) => say(`${source.name}: ${String(cause)}`));
  }
}

/** Of the names those that are not here, with what it takes to bring them. */
function missingOf(names: Iterable<string>): Set<string> {
  const missing = new Set<string>();
  for (const name of names) {
    if (findTool(name) !== undefined) continue;
    missing.add(name);
    const from = TOOLS.find((tool) => tool.name === name)?.from;
    for (const needed of missingOf((from && NEEDED_BY[from]) ?? [])) missing.add(needed);
  }
  return missing;
}

async function installPackages(packages: readonly string[], say: Say): Promise<void> {
  if (packages.length === 0) return;
  const list = [...new Set(packages)];
  if (process.getuid?.() !== 0 || findTool('apt-get') === undefined) {
    say(`not installed, as that takes root and apt-get: ${list.join(', ')}`);
    return;
  }
  // RUNLEVEL keeps Debian from starting a service.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  try {
    await step('reading the list of Debian packages', say, 'apt-get', ['update', '-qq'], { env });
    const install = ['install', '-y', '-qq', '--no-install-recommends', ...list];
    await step(`installing ${list.join(' ')}`, say, 'apt-get', install, { env });
  } catch (cause) {
    say(String(cause));
  }
}

/** Into a folder of its own that takes its place when it is whole: two runs may do this at once. */
async function bring(source: CachedSource, say: Say): Promise<void> {
  mkdirSync(toolCache(), { recursive: true });
  const folder = mkdtempSync(join(toolCache(), `.${source.name}-`));
  const product = join(folder, 'product');
  mkdirSync(product);
  try {
    await make(source, folder, product, say);
    const place = join(toolCache(), folderOf(source));
    // Another run was quicker, and may be using it by now.
    if (findTool(source.name) !== undefined) return;
    rmSync(place, { recursive: true, force: true });
    renameSync(product, place);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function make(source: CachedSource, folder: string, product: string, say: Say): Promise<void> {
  const title = `building ${source.name} ${source.version}`;
  const fetching = `fetching ${source.name} ${source.version}`;
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' };
  const flags = ['-trimpath', '-ldflags=-s -w'];
  const go = findTool('go') ?? 'go';
  const run = (what: string, words: readonly string[], options: StepOptions): Promise<void> => {
    const file = join(toolCache(), cachedFile(source) ?? source.name);
    const [command, ...args] = nicely(file, join(toolCache(), `.${folderOf(source)}.lock`), words);
    return step(what, say, command, args, options);
  };
  switch (source.from) {
    case 'go': {
      const words = [go, 'install', ...flags, `${source.package}@${source.version}`];
      return run(title, words, { env: { ...env, GOBIN: product } });
    }
    case 'go-main': {
      writeFileSync(join(folder, 'go.mod'), mainModule(source.module, source.version));
      const words = [go, 'build', '-mod=mod', ...flags, '-o', join(product, source.name), source.package];
      return run(title, words, { env: { ...env, ...source.env }, cwd: folder });
    }
    case 'npm': {
      const project = { private: true, overrides: source.overrides ?? {} };
      writeFileSync(join(product, 'package.json'), JSON.stringify(project));
      const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional', '--loglevel=error'];
      return run(fetching, ['npm', 'install', ...quiet, `${source.package}@${source.version}`], { cwd: product });
    }
    case 'pypi': {
      const wanted = ['--target', product, `${source.package}==${source.version}`];
      return run(fetching, ['pip3', 'install', '--quiet', ...wanted], { cwd: folder });
    }
    case 'maven': {
      writeFileSync(join(folder, 'pom.xml'), mavenProject(source.artifacts));
      const into = `-DoutputDirectory=${join(product, 'lib')}`;
      return run(fetching, ['mvn', '-q', '-B', 'dependency:copy-dependencies', into], { cwd: folder });
    }
    case 'debian-unpacked': {
      await step(`fetching ${source.package}`, say, 'apt-get', ['download', source.package], { cwd: folder });
      const { stdout } = await promisify(execFile)('sh', ['-c', 'ls *.deb'], { cwd: folder });
      await step(`unpacking ${source.package}`, say, 'dpkg-deb', ['-x', stdout.trim(), product], { cwd: folder });
    }
  }
}
