import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SOURCES = new URL('./sources.mjs', import.meta.url).href;
const PROGRAM = fileURLToPath(new URL('./owner.mjs', import.meta.url));

export interface OwnerProcess {
  readonly pid: number;
  /** The lines it has written: the keys that were acknowledged. */
  readonly lines: readonly string[];
  /** Resolves when it has written so many lines. @throws Error when it ends before */
  written(count: number): Promise<void>;
  /** Kills it so that it cannot tidy up, and resolves when it is gone. */
  kill(): Promise<void>;
}

/** Starts a process that owns a folder, and resolves once it does. */
export async function startOwner(root: string, task: 'hold' | 'write'): Promise<OwnerProcess> {
  const flags = ['--experimental-transform-types', '--disable-warning=ExperimentalWarning', '--import', SOURCES];
  const child = spawn(process.execPath, [...flags, PROGRAM, root, task], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines: string[] = [];
  const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const written = async (count: number) => {
    while (lines.length < count) {
      const end = await Promise.race([once(output, 'line').then(() => undefined), ended]);
      if (end) throw new Error(`the process ended with ${end.join(' ')} after ${lines.length} lines`);
    }
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  await written(1);
  return { pid: child.pid ?? 0, lines, written, kill };
}
