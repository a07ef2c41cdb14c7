import { Readable } from 'node:stream';
import type { ObjectInfo } from './object-store.js';
import { RequestFailure } from './request-failure.js';
import { resumedBody, type ByteRange, type ResumedBodyParts } from './resumed-body.js';

/** An object in a bucket whose bytes have begun to come. */
export interface OpenedObject {
  readonly info: ObjectInfo;
  readonly source: Readable;
}

export interface OpenResumedParts extends Omit<ResumedBodyParts, 'info' | 'source'> {
  readonly head: () => Promise<ObjectInfo | undefined>;
  /** The bytes of `range`; `behind its end` where that begins there, `undefined` where there is no object. */
  readonly openFirst: () => Promise<OpenedObject | 'behind its end' | undefined>;
}

/** What a store's `open` answers, where a service has no answer without bytes: an empty range is one of an object that is there. */
export async function openResumed({
  head,
  openFirst,
  ...parts
}: OpenResumedParts): Promise<{ info: ObjectInfo; body: Readable } | undefined> {
  const first = isEmpty(parts.range) ? 'behind its end' : await openFirst();
  if (first === undefined) return undefined;
  if (first !== 'behind its end') return { info: first.info, body: resumedBody({ ...parts, ...first }) };
  const info = await head();
  return info && { info, body: Readable.from([], { objectMode: false }) };
}

/** What a service says of a range that begins behind an object's end: RFC 9110, 15.5.17. @throws any other cause */
export function orBehindEnd(cause: unknown): 'behind its end' {
  if (cause instanceof RequestFailure && cause.status === 416) return 'behind its end';
  throw cause;
}

function isEmpty({ start = 0, end = Infinity }: ByteRange): boolean {
  return end <= start;
}
