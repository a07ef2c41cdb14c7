import { createLogger as createWinston, format, transports } from 'winston';
import type { LogFormat, LogLevel } from './config.js';
import { loggable } from './loggable.js';
import { currentRequest } from './request-context.js';

export type LogFacts = Readonly<Record<string, unknown>>;

/** The message is a constant phrase; what varies goes into the facts. */
export interface Logger {
  error(message: string, facts?: LogFacts): void;
  warn(message: string, facts?: LogFacts): void;
  info(message: string, facts?: LogFacts): void;
  debug(message: string, facts?: LogFacts): void;
  /** Whether lines of this level are written: for whoever writes many, to not even gather their facts. */
  isOn(level: LogLevel): boolean;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Standard error by default: standard output belongs to what a command answers. */
  readonly stream?: NodeJS.WritableStream;
}

/** The same logger with facts that every line of its user carries, such as the region. */
export function logWith(log: Logger, common: LogFacts): Logger {
  const at =
    (level: LogLevel) =>
    (message: string, facts?: LogFacts): void =>
      log[level](message, { ...common, ...facts });
  const isOn = (level: LogLevel): boolean => log.isOn(level);
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug'), isOn };
}

interface Line {
  readonly level: string;
  readonly message: unknown;
  readonly facts?: unknown;
}

const line = { json: jsonLine, pretty: prettyLine };
const LEVELS: Record<LogLevel, number> = { error: 0, warn: 1, info: 2, debug: 3 };

/** Every line carries the request id and the region of the work it belongs to; fields named like a secret are hidden. */
export function createLogger({ level: least, format: shape, stream = process.stderr }: LoggerOptions): Logger {
  const winston = createWinston({
    level: least,
    levels: LEVELS,
    format: format.printf(line[shape]),
    transports: [new transports.Stream({ stream })],
  });
  // Facts stay one field of winston's record, so that no fact can replace the level or the message.
  // Winston formats a line before it finds that its level is off, which is dear where there is a line per request.
  const isOn = (level: LogLevel): boolean => LEVELS[level] <= LEVELS[least];
  const at = (level: LogLevel) =>
    !isOn(level)
      ? (): void => undefined
      : (message: string, facts: LogFacts = {}): void =>
          void winston.log({ level, message, facts: { ...currentRequest(), ...facts } });
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug'), isOn };
}

function jsonLine({ level, message, facts }: Line): string {
  return JSON.stringify({ ...fieldsOf(facts), time: new Date().toISOString(), level, message });
}

function prettyLine({ level, message, facts }: Line): string {
  const { error, ...fields } = fieldsOf(facts);
  const words = Object.entries(fields).map(([name, value]) => `${name}=${shown(value)}`);
  const stack = typeof error === 'object' && error !== null && 'stack' in error ? `\n${shown(error.stack)}` : '';
  return [new Date().toISOString().slice(11, 23), level.padEnd(5), shown(message), ...words].join(' ') + stack;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function fieldsOf(facts: unknown): Record<string, unknown> {
  const fields = loggable(facts);
  return typeof fields === 'object' && fields !== null ? { ...fields } : {};
}
