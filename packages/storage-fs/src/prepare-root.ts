import { dirname, join } from 'node:path';
import { errorCode, type FileSystem } from './file-system.js';
import { Folders } from './folders.js';

/** Makes the root and what leads to it, durably, and the folder for drafts, which the lock needs. */
export async function prepareRoot(files: FileSystem, root: string): Promise<void> {
  const first = await files.mkdir(root, { recursive: true });
  await files.mkdir(join(root, 'tmp'), { recursive: true });
  const folders = new Folders(files, root);
  for (let made = root; dirname(made) !== made; made = dirname(made)) {
    const isNew = first !== undefined && made.length >= first.length;
    // A folder found here may have been made by a process that was killed before it flushed.
    await folders.sync(dirname(made)).catch((cause: unknown) => {
      if (isNew || !['EACCES', 'EPERM', 'EROFS', 'EINVAL'].includes(errorCode(cause) ?? '')) throw cause;
    });
  }
}
