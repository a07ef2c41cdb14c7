/**
 * The same bytes in memory of their own, for what is kept: Node makes small Buffers as pieces of 64 KiB, and one that is kept keeps all of
 * those.
 */
export function ownMemory(bytes: Uint8Array): Buffer {
  return Buffer.from(new Uint8Array(bytes).buffer);
}
