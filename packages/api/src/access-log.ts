import type { Logger } from '@atoll/runtime';
import type { Match } from './route.js';

/** What is told of a request once it is over. */
export interface Served {
  readonly method: string;
  readonly match: Match | undefined;
  readonly status: number;
  readonly code: string | undefined;
  readonly durationMs: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** The client left, or was cut off, before it had its whole answer. */
  readonly aborted: boolean;
}

/**
 * One line per request. A read that went well is told at `debug`: there are thousands of them a second, and nothing to learn from each.
 * Upload ids stay out of the log, for whoever has one may write to the upload.
 */
export function logServed(log: Pick<Logger, 'info' | 'debug' | 'isOn'>, served: Served): void {
  const { method, match, status, code, receivedBytes, sentBytes, aborted } = served;
  const isRead = method === 'GET' || method === 'HEAD';
  const level = isRead && status < 400 && !aborted ? 'debug' : 'info';
  if (!log.isOn(level)) return;
  log[level]('request served', {
    method,
    ...(match ? placeOf(match) : {}),
    status,
    ...(code !== undefined && { code }),
    durationMs: Math.round(served.durationMs * 10) / 10,
    sizeBytes: isRead ? sentBytes : receivedBytes,
    ...(aborted && { aborted }),
  });
}

function placeOf({ route }: Match): Record<string, string> {
  const place: Record<string, string> = { route: route.kind };
  if ('name' in route) place.repository = route.name;
  if ('reference' in route) place.reference = route.reference.slice(0, 200);
  if ('digest' in route) place.digest = route.digest.slice(0, 200);
  return place;
}
