import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { findTool } from './tool.js';

export type Say = (line: string) => void;

export interface StepOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** Runs a command to its end, saying every so often that it is still at it. @throws Error with the end of what it wrote */
export async function step(
  title: string,
  say: Say,
  command: string,
  args: string[],
  options: StepOptions,
): Promise<void> {
  const begin = performance.now();
  const seconds = (): string => `${((performance.now() - begin) / 1000).toFixed(0)} s`;
  say(`${title} ...`);
  const child = spawn(command, args, { env: process.env, ...options, stdio: ['ignore', 'pipe', 'pipe'] });
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

/**
 * The words of a command that makes what ends at `file`: with little right to the processor, and where the system can, not while another
 * run makes the same. Who had to wait for that makes nothing.
 */
export function nicely(file: string, lock: string, command: readonly string[]): [string, ...string[]] {
  if (findTool('flock') === undefined) return ['nice', ...command];
  return ['flock', lock, 'sh', '-c', 'test -e "$0" || exec nice "$@"', file, ...command];
}
