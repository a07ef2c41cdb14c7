import type { FileHandle } from 'node:fs/promises';

/** The system may write less than it was given. */
export async function writeAll(handle: FileHandle, bytes: Uint8Array, positionBytes: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, positionBytes + written);
    written += bytesWritten;
  }
}
