import { dirname, join } from 'node:path';
import type { FileSystem } from './file-system.js';
import { Folders } from './folders.js';

/** Makes the root and what leads to it, durably, and the folder for drafts, which the lock needs. */
export async function prepareRoot(files: FileSystem, root: string): Promise<void> {
  const first = await files.mkdir(root, { recursive: true });
  await files.mkdir(join(root, 'tmp'), { recursive: true });
  if (first === undefined) return;
  const folders = new Folders(files, root);
  for (let made = root; made.length >= first.length; made = dirname(made)) await folders.sync(dirname(made));
}
