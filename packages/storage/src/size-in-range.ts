/** The whole object's size, of an answer with some of its bytes: `bytes 5-9/100` (RFC 9110, 14.4). `undefined` where it is not told. */
export function sizeInRange(range: string | undefined): number | undefined {
  const size = /\/(\d+)$/.exec(range ?? '')?.[1];
  return size === undefined ? undefined : Number(size);
}
