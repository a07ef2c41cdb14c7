export type LogFacts = Readonly<Record<string, unknown>>;

/** What this package writes to; a winston logger is one. Messages are constant phrases, facts are fields. */
export interface ReplicationLog {
  debug(message: string, facts?: LogFacts): unknown;
  info(message: string, facts?: LogFacts): unknown;
  warn(message: string, facts?: LogFacts): unknown;
  error(message: string, facts?: LogFacts): unknown;
}

export const silentLog: ReplicationLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The text of a failure for a log line. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
}
