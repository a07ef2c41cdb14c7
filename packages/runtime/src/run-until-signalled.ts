import type { Logger } from './logger.js';

/** Registers what a process opened; `stop` is called once, after everything that was registered later has stopped. */
export type Own = (name: string, stop: () => Promise<void>) => void;

export interface RunOptions {
  /** Opens everything, and registers each piece with `own` at once. `signal` aborts when the process is told to stop meanwhile. */
  readonly start: (own: Own, signal: AbortSignal) => Promise<void>;
  readonly stopTimeoutSeconds: number;
  readonly log: Pick<Logger, 'info' | 'error'>;
}

interface Owned {
  readonly name: string;
  readonly stop: () => Promise<void>;
}

const INTERRUPTED = 130;
/** One Ctrl-C reaches us from the terminal and again from npm, which passes on what it gets. */
const SAME_KEYPRESS_MS = 250;

/**
 * Starts, waits for SIGTERM or SIGINT, and stops what was started in reverse order. Answers the exit status: 0, or 1 when something
 * failed to stop. A second signal ends the process at once with 130; a stop that takes longer than the limit ends it with 1.
 * @throws whatever `start` throws, after stopping what it had registered
 */
export async function runUntilSignalled({ start, stopTimeoutSeconds, log }: RunOptions): Promise<number> {
  const owned: Owned[] = [];
  const told = new AbortController();
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    let first: { readonly signal: NodeJS.Signals; readonly atMs: number } | undefined;
    const stop = (signal: NodeJS.Signals): void => {
      const atMs = performance.now();
      if (first?.signal === signal && atMs - first.atMs < SAME_KEYPRESS_MS) return;
      if (first !== undefined) process.exit(INTERRUPTED);
      first = { signal, atMs };
      told.abort();
      exitAfter(stopTimeoutSeconds, log);
      resolve(signal);
    };
    process.on('SIGTERM', stop).on('SIGINT', stop);
  });
  try {
    await start((name, stop) => owned.push({ name, stop }), told.signal);
  } catch (cause) {
    if (!told.signal.aborted) {
      exitAfter(stopTimeoutSeconds, log);
      await stopInReverse(owned, log);
      throw cause;
    }
    log.info('told to stop while starting', { reason: cause instanceof Error ? cause.message : String(cause) });
  }
  log.info('stopping', { signal: await signalled });
  return (await stopInReverse(owned, log)) ? 0 : 1;
}

/** Does not keep a process alive that is done earlier. */
function exitAfter(limitSeconds: number, log: RunOptions['log']): void {
  const limit = setTimeout(() => {
    log.error('stopping took too long', { limitSeconds });
    process.exit(1);
  }, limitSeconds * 1000);
  limit.unref();
}

async function stopInReverse(owned: readonly Owned[], log: RunOptions['log']): Promise<boolean> {
  let clean = true;
  for (const { name, stop } of owned.toReversed()) {
    try {
      await stop();
    } catch (error) {
      clean = false;
      log.error('failed to stop', { part: name, error });
    }
  }
  return clean;
}
