/** Bytes [start, end) of an object. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const SINGLE = /^bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*$/i;

/**
 * The part of an object that `Range` asks for; RFC 9110, 14.2. `whole` also answers what may be ignored: other units, bad syntax, and
 * several ranges at once, for which a client must be ready to get everything and must never get the first part alone. The object
 * without bytes is always whole: containerd sends `bytes=0-` for every blob and gives up on a 416.
 */
export function parseByteRange(header: string | undefined, sizeBytes: number): ByteRange | 'whole' | 'unsatisfiable' {
  const match = header === undefined || sizeBytes === 0 ? null : SINGLE.exec(header);
  if (match === null) return 'whole';
  const [first = '', last = ''] = [match[1], match[2]];
  if (first === '') return last === '' ? 'whole' : lastBytes(Number(last), sizeBytes);
  const start = Number(first);
  const end = last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes);
  return start < end ? { start, end } : 'unsatisfiable';
}

function lastBytes(count: number, sizeBytes: number): ByteRange | 'unsatisfiable' {
  return count === 0 ? 'unsatisfiable' : { start: Math.max(0, sizeBytes - count), end: sizeBytes };
}
