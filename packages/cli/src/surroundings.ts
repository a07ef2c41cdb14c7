import { createLogger, type Config, type Logger, type LogLevel } from '@atoll/runtime';
import type { Screen } from './live-lines.js';

/** What a command is run with; only `main.ts` knows the process itself. */
export interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: Screen;
  readonly stderr: Screen & NodeJS.WritableStream;
}

/** The logger a command writes to standard error with, unless `stream` says otherwise. */
export function loggerFor(
  { stderr }: Pick<Surroundings, 'stderr'>,
  { logLevel, logFormat }: Pick<Config, 'logLevel' | 'logFormat'>,
  own: { readonly level: LogLevel; readonly stream?: NodeJS.WritableStream },
): Logger {
  return createLogger({
    level: logLevel ?? own.level,
    format: logFormat ?? (stderr.isTTY === true ? 'pretty' : 'json'),
    stream: own.stream ?? stderr,
  });
}
