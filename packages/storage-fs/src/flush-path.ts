import type { FileSystem } from './file-system.js';

/** Makes a file's content, or the names in a folder, durable. @throws what the system says; a flush that failed cannot be repeated */
export async function flushPath(files: FileSystem, path: string): Promise<void> {
  const handle = await files.open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
