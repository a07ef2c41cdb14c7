import { StorageError } from '@atoll/storage';

const MAX_SEGMENT_BYTES = 255;
// Printable ASCII without the escape character and the other separator.
const SEGMENT = /^(?!\.{1,2}$)[!-$&-[\]-~]+$/;
const ESCAPED = /^([^%]+)%([1-9a-f][0-9a-f]*)$/;

/**
 * The path of a key below a folder. A segment with upper-case letters becomes its lower-case form, `%`, and the positions of the
 * upper-case letters as the bits of a hexadecimal number, so that `V1` and `v1` are two files where file names ignore case, too.
 * @throws StorageError 'invalid-key'
 */
export function pathOfKey(key: string): string {
  const segments = key.split('/');
  const path = segments.map(encodeSegment);
  for (const [index, name] of path.entries()) {
    if (SEGMENT.test(segments[index] ?? '') && name.length <= MAX_SEGMENT_BYTES) continue;
    throw new StorageError('invalid-key', `${JSON.stringify(key.slice(0, 600))} cannot be the path of a file`, { key });
  }
  return path.join('/');
}

/** Whether any key can have this form. */
export function isKey(text: string): boolean {
  try {
    return pathOfKey(text) !== '';
  } catch {
    return false;
  }
}

export function encodeSegment(segment: string): string {
  const lower = segment.toLowerCase();
  if (lower === segment) return segment;
  let positions = 0n;
  for (let i = 0; i < segment.length; i++) if (segment[i] !== lower[i]) positions |= 1n << BigInt(i);
  return `${lower}%${positions.toString(16)}`;
}

/** The segment that is stored under a file's name; `undefined` when no key makes such a name, so the file is not of the store. */
export function decodeSegment(name: string): string | undefined {
  if (!name.includes('%')) return SEGMENT.test(name) && name === name.toLowerCase() ? name : undefined;
  const [, lower = name, mask = '0'] = ESCAPED.exec(name) ?? [];
  const positions = BigInt(`0x${mask}`);
  let segment = '';
  for (let i = 0; i < lower.length; i++) {
    const character = lower.charAt(i);
    segment += (positions >> BigInt(i)) & 1n ? character.toUpperCase() : character;
  }
  return SEGMENT.test(segment) && encodeSegment(segment) === name ? segment : undefined;
}
