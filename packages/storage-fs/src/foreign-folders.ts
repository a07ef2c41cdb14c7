import { LRUCache } from 'lru-cache';
import { FolderView } from './folder-view.js';
import type { ListedFiles } from './listed-files.js';
import type { ListedFolders } from './lister.js';
import type { FileFacts } from './publisher.js';

// Longer than the step of any clock that file systems take their times from.
const SETTLED_NS = 1_000_000_000n;

interface Seen {
  readonly changedNs: bigint;
  readonly view: FolderView;
}

/** The folders of a store that another process changes at any time: each is read again once its time has changed. */
export class ForeignFolders implements ListedFolders {
  readonly #files: ListedFiles;
  readonly #seen: LRUCache<string, Seen>;

  constructor(files: ListedFiles, maxBytes: number) {
    this.#files = files;
    this.#seen = new LRUCache({ maxSize: Math.max(1, maxBytes), sizeCalculation: ({ view }) => view.bytes });
  }

  async view(folder: string): Promise<FolderView> {
    const changedNs = await this.#files.changedNs(folder);
    const view = new FolderView();
    if (changedNs === undefined) return view;
    const known = this.#seen.get(folder);
    if (known?.changedNs === changedNs) return known.view;
    await this.#files.read(folder, (segment) => view.add(segment));
    // A folder that changed a moment ago may change again without its time telling.
    const settled = BigInt(Date.now()) * 1_000_000n - changedNs > SETTLED_NS;
    if (settled) this.#seen.set(folder, { changedNs, view });
    return view;
  }

  facts(folder: string, name: string): Promise<FileFacts | undefined> {
    return this.#files.facts(folder + name);
  }
}
