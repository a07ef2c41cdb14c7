import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bringTools } from './install.js';
import { findTool, toolCache } from './tool.js';

const before = { PATH: process.env['PATH'], XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] };
let folder: string;
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atoll-install-'));
  said = [];
  await mkdir(join(folder, 'bin'));
  // Nothing else of the machine, which may have Go.
  for (const name of ['sh', 'nice', 'chmod', 'cp', 'mkdir'])
    await symlink(findTool(name) ?? '', join(folder, 'bin', name));
  process.env['XDG_CACHE_HOME'] = join(folder, 'cache');
  process.env['PATH'] = join(folder, 'bin');
});

afterEach(async () => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  await rm(folder, { recursive: true, force: true });
});

test('a program that is not here is built into a folder of the cache named by its version', async () => {
  await program('go', 'echo "$@" >"$GOBIN/regbot" && chmod +x "$GOBIN/regbot"');
  await bring('regbot');
  expect(findTool('regbot')).toBe(join(toolCache(), 'regbot-v0.11.7', 'regbot'));
  expect(said.at(-1)).toMatch(/^building regbot v0\.11\.7 \.\.\. done in \d+ s$/);
});

test('a program that needs a main module is built from one that requires its version', async () => {
  await program('go', 'while [ "$1" != -o ]; do shift; done; cp go.mod "$2" && chmod +x "$2"');
  await bring('notation');
  expect(findTool('notation')).toBe(join(toolCache(), 'notation-v1.3.2', 'notation'));
});

test('a program of npm is installed with what it needs, and the versions that it needs it in', async () => {
  await program(
    'npm',
    'mkdir -p node_modules/.bin; cp package.json node_modules/.bin/azurite-blob; chmod +x node_modules/.bin/*',
  );
  await bring('azurite-blob');
  const file = join(toolCache(), 'azurite-3.37.0', 'node_modules', '.bin', 'azurite-blob');
  expect(findTool('azurite-blob')).toBe(file);
  expect(await readFile(file, 'utf8')).toContain('"overrides":{"applicationinsights"');
});

test('a build that fails is told with its last words, and leaves nothing in the cache', async () => {
  await program('go', 'echo no such module >&2; exit 1');
  await bring('regbot');
  expect(said.at(-1)).toBe('regbot: Error: building regbot v0.11.7 failed: no such module');
  expect(findTool('regbot')).toBeUndefined();
  expect(await readdir(toolCache())).toEqual([]);
});

test('where the language is not here either, it is brought first', async () => {
  const script = '#!/bin/sh\\necho regbot >"$GOBIN/regbot" && chmod +x "$GOBIN/regbot"\\n';
  await program('pip3', `cd "$4" && mkdir -p go/bin && printf '${script}' >go/bin/go && chmod +x go/bin/go`);
  await bring('regbot');
  expect(said.filter((line) => line.includes('done'))).toHaveLength(2);
  expect(findTool('regbot')).toBe(join(toolCache(), 'regbot-v0.11.7', 'regbot'));
});

test('where the language cannot be had either, that is what is told', async () => {
  await bring('regbot');
  expect(said[0]).toBe('not installed, as that takes root and apt-get: python3-pip');
  expect(said.at(-1)).toMatch(/^regbot: Error: building regbot v0\.11\.7 failed: .*go/);
});

test('what is here is not brought again', async () => {
  await program('regbot', 'true');
  await bring('regbot');
  expect(said).toEqual([]);
  expect(findTool('regbot')).toBe(join(folder, 'bin', 'regbot'));
});

async function program(name: string, script: string): Promise<void> {
  const file = join(folder, 'bin', name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}

async function bring(name: string): Promise<void> {
  await bringTools([name], (line) => said.push(line));
}
