import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isNewEnough } from './node.mjs';
import { findTools } from './tools.mjs';

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
let folder;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'atoll-run-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** A process that runs `code` with these modules' functions in scope. */
function script(name, code) {
  const path = join(folder, name);
  const imports = ['child', 'one-at-a-time'].map(
    (module) => `import * as ${module.replaceAll('-', '')} from '${pathToFileURL(file(`${module}.mjs`)).href}';`,
  );
  writeFileSync(path, [...imports, code].join('\n'));
  return path;
}

describe('the script that npm runs', () => {
  test('explains itself', () => {
    const { status, stdout } = spawnSync(process.execPath, [file('run.mjs'), '--help'], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('npm start') });
  });

  test('refuses what it does not know, before it prepares anything', () => {
    const { status, stderr } = spawnSync(process.execPath, [file('run.mjs'), 'strat'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('"strat" is not a command') });
  });

  test.each([
    ['20.20.2', false],
    ['22.17.1', false],
    ['22.18.0', true],
    ['24.0.0', true],
    ['26.10.0', true],
  ])('takes Node %s for new enough: %s', (version, enough) => {
    expect(isNewEnough(version)).toBe(enough);
  });
});

describe('a program that is run', () => {
  const child = (code) =>
    script('parent.mjs', `process.exit(await child.run(process.execPath, ['-e', ${JSON.stringify(code)}]));`);

  test('passes its exit status on', () => {
    expect(spawnSync(process.execPath, [child('process.exit(7)')]).status).toBe(7);
  });

  test('ended by a signal has the status shells give it', () => {
    expect(spawnSync(process.execPath, [child("process.kill(process.pid, 'SIGKILL')")]).status).toBe(137);
  });

  test('gets the signals sent to us', async () => {
    const code = "process.on('SIGTERM', () => process.exit(3)); setInterval(() => {}, 1000); console.log('ready')";
    const parent = spawn(process.execPath, [child(code)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((resolve) => parent.once('exit', resolve));
    for await (const chunk of parent.stdout) if (String(chunk).includes('ready')) parent.kill('SIGTERM');
    expect(await ended).toBe(3);
  });

  test('that is not there is told in a sentence', () => {
    const path = script(
      'absent.mjs',
      `await child.run('no-such-program', []).catch(({ message }) => console.log(message));`,
    );
    expect(spawnSync(process.execPath, [path], { encoding: 'utf8' }).stdout).toMatch(/^cannot run no-such-program: /);
  });
});

test('processes prepare one folder one after the other, even when one before them was killed', async () => {
  const lock = join(folder, 'lock');
  // No process has this id: Linux ends at 4194304.
  writeFileSync(`${lock}.1`, '99999999');
  const code = `
    import { setTimeout as sleep } from 'node:timers/promises';
    for (let turn = 0; turn < 3; turn++)
      await oneatatime.oneAtATime(${JSON.stringify(lock)}, async () => { console.log('in'); await sleep(20); console.log('out'); });`;
  const path = script('prepare.mjs', code);
  const output = spawnSync('sh', ['-c', `for i in 1 2 3 4; do "$0" "$1" & done; wait`, process.execPath, path], {
    encoding: 'utf8',
  });
  expect(output.stdout.trim().split('\n')).toEqual(Array.from({ length: 12 }, () => ['in', 'out']).flat());
  expect(readdirSync(folder).filter((name) => name.startsWith('lock'))).toHaveLength(1);
});

test('a missing program of the system is named, with the command that installs it', async () => {
  await expect(findTools(['no-such-tool'], { PATH: folder })).rejects.toThrow('sudo apt-get install -y no-such-tool');
});
