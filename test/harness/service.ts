import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ServiceOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Standard output and error are appended here. */
  readonly logFile: string;
}

/** A process of its own group, so that a kill takes everything it started with it. */
export class Service {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly logFile: string;

  constructor({ command, args, env, cwd, logFile }: ServiceOptions) {
    const log = openSync(logFile, 'a');
    this.logFile = logFile;
    this.#child = spawn(command, args, {
      detached: true,
      stdio: ['ignore', log, log],
      env: env ?? process.env,
      ...(cwd === undefined ? {} : { cwd }),
    });
    closeSync(log);
    // A command that cannot be started only emits 'error', and then has no 'exit'.
    this.#ended = Promise.race([once(this.#child, 'exit'), once(this.#child, 'error')]).catch(() => undefined);
    process.once('exit', this.#killNow);
    void this.#ended.then(() => process.removeListener('exit', this.#killNow));
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`not started: ${this.#child.spawnfile}`);
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Asks the process to end and answers its exit status; kills it when it has not ended after `graceMs`. */
  async stop(graceMs = 30_000): Promise<number | undefined> {
    if (this.running) process.kill(this.pid, 'SIGTERM');
    if (!(await this.ended(graceMs))) await this.kill();
    return this.exitStatus;
  }

  /** Waits for the process to end by itself; `false` when it has not after `patienceMs`. */
  async ended(patienceMs: number): Promise<boolean> {
    return Promise.race([this.#ended.then(() => true), sleep(patienceMs, false, { ref: false })]);
  }

  /** Absent while it runs, and when a signal ended it or it could not be started. */
  get exitStatus(): number | undefined {
    return this.#child.exitCode ?? undefined;
  }

  /** `kill -9` of the process and all its children. */
  async kill(): Promise<void> {
    this.#killNow();
    await this.#ended;
  }

  /** The last lines written, for a message about what went wrong. */
  tail(lines = 15): string {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  readonly #killNow = (): void => {
    if (!this.running) return;
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // Ended in between.
    }
  };
}

/** Ports that were free a moment ago on loopback. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

export interface Patience {
  readonly timeoutMs: number;
  readonly everyMs?: number;
  /** What is waited for, in the words of the error. */
  readonly what: string;
}

/** Asks until the answer is not undefined. @throws Error after `timeoutMs`, with the last failure as its cause */
export async function eventually<T>(
  ask: () => Promise<T | undefined>,
  { timeoutMs, everyMs = 25, what }: Patience,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      cause = error;
    }
    if (Date.now() >= deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause });
    await sleep(everyMs);
  }
}
