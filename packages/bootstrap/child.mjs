// Runs one program to its end: its input and output are ours, signals we get are passed on, and its end tells ours.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const PASSED_ON = ['SIGTERM', 'SIGINT'];

/** Says what went wrong in one sentence; the text is all a person needs. */
export class SetupError extends Error {
  name = 'SetupError';
}

/** The exit status of the program; 128 + n when signal n ended it. */
export async function run(command, args, { env = process.env, cwd, stdio = 'inherit' } = {}) {
  const child = spawn(command, args, { env, cwd, stdio });
  const passOn = (signal) => child.kill(signal);
  for (const signal of PASSED_ON) process.on(signal, passOn);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', (cause) => reject(new SetupError(`cannot run ${command}: ${cause.message}`)));
      child.once('exit', (status, signal) => resolve(status ?? 128 + constants.signals[signal]));
    });
  } finally {
    for (const signal of PASSED_ON) process.off(signal, passOn);
  }
}

/** Runs one step of the preparation, telling what it does and, while it is silent, that it is still at it. */
export async function step(title, command, args, options = {}) {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  say(`${title} ...`);
  const reminder = setInterval(() => say(`${title} ... ${seconds()} s`), 10_000);
  const status = await run(command, args, { ...options, stdio: ['ignore', 2, 2] }).finally(() =>
    clearInterval(reminder),
  );
  if (status > 128) process.exit(status);
  if (status !== 0) throw new SetupError(`${title} failed: "${command} ${args.join(' ')}" ended with status ${status}`);
  say(`${title} ... done in ${seconds()} s`);
}

/** Progress belongs to standard error: standard output is the command's own. */
export function say(line) {
  process.stderr.write(`atoll: ${line}\n`);
}
