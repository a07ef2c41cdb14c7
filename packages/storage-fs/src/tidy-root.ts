import { join } from 'node:path';
import type { ListedFolders } from './lister.js';
import type { PartFiles } from './part-files.js';
import { recoverLog } from './recover-log.js';
import type { StoreDisk } from './store-disk.js';

export interface TidyParts {
  readonly disk: StoreDisk;
  readonly partFiles: PartFiles;
  /** What is known of the folders of objects. */
  readonly folders: ListedFolders;
}

/** Makes the folders below the root, and whole what the last owner left when it was killed. An interruption leaves it for the next. */
export async function tidyRoot({ disk, partFiles, folders }: TidyParts): Promise<void> {
  const { files, paths, publisher } = disk;
  for (const folder of [paths.objects, paths.parts, paths.drafts, paths.log]) await disk.folders.ensure(folder);
  for (const name of await files.readdir(paths.drafts)) await files.unlink(join(paths.drafts, name));
  await partFiles.tidy(paths.parts);
  await publisher.check();
  await recoverLog(paths.log, { ...disk, pathOf: (key) => paths.objectOf(key) });
  // Of a folder that is known, what is made in it is known.
  await folders.view('');
}
