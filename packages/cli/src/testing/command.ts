import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** The compiled command as a process of its own, with no setting but those given. */
export class RunningCommand {
  stdout = '';
  stderr = '';
  readonly #child;
  readonly #ended: Promise<unknown[]>;

  constructor(args: readonly string[], { env = {}, cwd }: { env?: Record<string, string>; cwd: string }) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('ATOLL_'));
    this.#child = spawn(process.execPath, [MAIN, ...args], {
      cwd,
      env: { ...Object.fromEntries(inherited), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#ended = once(this.#child, 'close');
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The exit status, once all output is there. */
  async end(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  /** The match, once it is on standard output. @throws Error when the process ends without it */
  says(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#waitFor(pattern, () => this.stdout);
  }

  /** The match, once it is on standard error. @throws Error when the process ends without it */
  logs(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#waitFor(pattern, () => this.stderr);
  }

  async #waitFor(pattern: RegExp, read: () => string): Promise<RegExpExecArray> {
    const { stdout, stderr } = this.#child;
    for (;;) {
      const match = pattern.exec(read());
      if (match) return match;
      if (this.#child.exitCode !== null)
        throw new Error(`ended without ${String(pattern)}:\n${this.stdout}${this.stderr}`);
      await Promise.race([once(stdout, 'data'), once(stderr, 'data'), this.#ended]);
    }
  }
}
