import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mavenProject, mainModule } from './recipe.js';
import { folderOf, TOOLS, type ToolSource } from './tool-table.js';
import { findTool, toolCache } from './tool.js';

type Say = (line: string) => void;
type CachedSource = Exclude<ToolSource, { from: 'debian' }>;

/** Brings every named program that is not here and can be had, one after the other. What could not be had is told by `say`. */
export async function bringTools(names: Iterable<string>, say: Say): Promise<void> {
  const missing = new Set([...names].filter((name) => findTool(name) === undefined));
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
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' };
  const flags = ['-trimpath', '-ldflags=-s -w'];
  switch (source.from) {
    case 'go': {
      const args = ['go', 'install', ...flags, `${source.package}@${source.version}`];
      await step(title, say, 'nice', args, { env: { ...env, GOBIN: product } });
      return;
    }
    case 'go-main': {
      writeFileSync(join(folder, 'go.mod'), mainModule(source.module, source.version));
      const args = ['go', 'build', '-mod=mod', ...flags, '-o', join(product, source.name), source.package];
      await step(title, say, 'nice', args, { env: { ...env, ...source.env }, cwd: folder });
      return;
    }
    case 'npm': {
      writeFileSync(
        join(product, 'package.json'),
        JSON.stringify({ private: true, overrides: source.overrides ?? {} }),
      );
      const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--omit=optional', '--loglevel=error'];
      const args = ['npm', 'install', ...quiet, `${source.package}@${source.version}`];
      await step(`fetching ${source.name} ${source.version}`, say, 'nice', args, { env: process.env, cwd: product });
      return;
    }
    case 'maven': {
      writeFileSync(join(folder, 'pom.xml'), mavenProject(`${source.artifact}:${source.version}`));
      const args = ['mvn', '-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${join(product, 'lib')}`];
      await step(`fetching ${source.name} ${source.version}`, say, 'nice', args, { cwd: folder });
      return;
    }
    case 'debian-unpacked': {
      await step(`fetching ${source.package}`, say, 'apt-get', ['download', source.package], { cwd: folder });
      const { stdout } = await promisify(execFile)('sh', ['-c', 'ls *.deb'], { cwd: folder });
      await step(`unpacking ${source.package}`, say, 'dpkg-deb', ['-x', stdout.trim(), product], { cwd: folder });
    }
  }
}

interface StepOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Runs a command to its end, saying every so often that it is still at it. @throws Error with the end of what it wrote */
async function step(title: string, say: Say, command: string, args: string[], options: StepOptions): Promise<void> {
  const begin = performance.now();
  const seconds = (): string => `${((performance.now() - begin) / 1000).toFixed(0)} s`;
  say(`${title} ...`);
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString('utf8')}`.slice(-2_000)));
  const reminder = setInterval(() => say(`${title} ... ${seconds()}`), 15_000);
  try {
    const [status] = (await once(child, 'close')) as [number | null];
    if (status !== 0) throw new Error(`${title} failed: ${said.trim().split('\n').slice(-5).join(' | ')}`);
    say(`${title} ... done in ${seconds()}`);
  } finally {
    clearInterval(reminder);
  }
}
