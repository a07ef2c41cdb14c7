import { RegistryError } from '@atoll/core';

/**
 * Of most headers Node keeps the first and drops the others, or joins them into one value; either way a proxy in front may have
 * decided by another one.
 */
const SINGLE = new Set([
  'authorization',
  'content-length',
  'content-range',
  'content-type',
  'host',
  'if-range',
  'range',
]);
const LENGTHS = new Set([...SINGLE].map((name) => name.length));

/**
 * @param rawHeaders names and values in turn, as they came
 * @throws RegistryError UNSUPPORTED, 400
 */
export function refuseDuplicates(rawHeaders: readonly string[]): void {
  let seen: string[] | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const raw = rawHeaders[at] ?? '';
    // Most headers are told apart by their length alone: this runs for every request.
    if (!LENGTHS.has(raw.length)) continue;
    const name = raw.toLowerCase();
    if (!SINGLE.has(name)) continue;
    if (seen?.includes(name)) {
      throw new RegistryError('UNSUPPORTED', `the header ${name} may be sent once only`, { status: 400 });
    }
    (seen ??= []).push(name);
  }
}
