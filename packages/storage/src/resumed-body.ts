import type { Readable } from 'node:stream';
import type { Attempts } from './attempts.js';
import type { CallOptions, ObjectInfo, Version } from './object-store.js';
import { RenewedBody } from './renewed-body.js';
import type { RequestFailure } from './request-failure.js';

export interface ByteRange {
  readonly start?: number;
  readonly end?: number;
}

/** The rest of an object that was already begun to be read, and that must still be the same. */
export interface RestOfObject {
  readonly start: number;
  readonly end: number;
  readonly ifVersion: Version;
}

export interface ResumedBodyParts extends CallOptions {
  readonly info: ObjectInfo;
  /** The bytes of `range`, from where they begin. */
  readonly source: Readable;
  readonly range: ByteRange;
  readonly idleMs: number;
  readonly attempts: () => Attempts;
  /** What a broken source means. It is what is thrown, by way of `toError`, when no attempt is left. */
  readonly toFailure: (cause: unknown) => RequestFailure;
  readonly openRest: (rest: RestOfObject) => Promise<Readable>;
  readonly toError: (cause: unknown) => unknown;
}

/** A body of an object in a bucket: asks for the rest as often as attempts are left, and has all of them again after each step ahead. */
export function resumedBody({ info, source, range, ...parts }: ResumedBodyParts): RenewedBody {
  const { start = 0, end = info.sizeBytes } = range;
  const until = Math.min(end, info.sizeBytes);
  let attempts = parts.attempts();
  let reachedBytes = 0;
  return new RenewedBody({
    source,
    sizeBytes: until - start,
    signal: parts.signal,
    idleMs: parts.idleMs,
    again: async (offsetBytes, cause) => {
      const failure = parts.toFailure(cause);
      // A long read may break many times, as long as it gets on.
      if (offsetBytes > reachedBytes) attempts = parts.attempts();
      reachedBytes = offsetBytes;
      if (!(await attempts.another(failure))) throw failure;
      return parts.openRest({ start: start + offsetBytes, end: until, ifVersion: info.version });
    },
    toError: parts.toError,
  });
}
