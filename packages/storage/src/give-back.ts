/**
 * Gives back the memory of bytes that nobody will read or write again, where they are all that it holds. Node allocates memory for every
 * read of a socket. Left to the collector it makes up most of what a large body costs: much of it is waiting to be found, and the
 * collector runs again and again to find it.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
