// Two commands started in one fresh clone prepare it one after the other.
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from './child.mjs';

/**
 * Runs `task` while the highest of the files `<name>.<number>` holds our process id. Who finds that its process is gone makes the next
 * one; none but lower ones are removed, so that nobody removes what another has just taken.
 */
export async function oneAtATime(name, task) {
  mkdirSync(dirname(name), { recursive: true });
  let number;
  for (let said = false; number === undefined;) {
    const highest = numbersOf(name).at(-1) ?? 0;
    const holder = holderOf(name, highest);
    if (holder === undefined || !isRunning(holder)) number = take(name, highest + 1);
    else {
      if (!said) say(`waiting for process ${holder}, which is preparing this folder`);
      said = true;
      await sleep(200);
    }
  }
  // Nobody runs under this id. The file stays, so that numbers only grow.
  const release = () => writeFileSync(`${name}.${number}`, '0');
  process.once('exit', release);
  try {
    return await task();
  } finally {
    process.off('exit', release);
    release();
  }
}

/** The number, where it is ours; `undefined` where another was first. */
function take(name, number) {
  const draft = `${name}-${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    // With its content at once: an empty file would look like one whose process is gone.
    linkSync(draft, `${name}.${number}`);
  } catch (cause) {
    if (cause.code === 'EEXIST') return undefined;
    throw cause;
  } finally {
    rmSync(draft, { force: true });
  }
  const others = numbersOf(name);
  // A number that was removed meanwhile, below one that is taken.
  if (others.at(-1) !== number) {
    rmSync(`${name}.${number}`, { force: true });
    return undefined;
  }
  for (const lower of others.slice(0, -1)) rmSync(`${name}.${lower}`, { force: true });
  return number;
}

function numbersOf(name) {
  const start = `${basename(name)}.`;
  const names = readdirSync(dirname(name)).filter((file) => file.startsWith(start));
  return names
    .map((file) => Number(file.slice(start.length)))
    .filter(Number.isInteger)
    .sort((a, b) => a - b);
}

function holderOf(name, number) {
  try {
    return Number(readFileSync(`${name}.${number}`, 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause.code === 'EPERM';
  }
}
