import { FolderView } from './folder-view.js';
import type { ListedFiles } from './listed-files.js';
import type { ListedFolders } from './lister.js';
import type { FileFacts } from './publisher.js';

// Facts can be read again one by one; names only all at once. So facts leave room for names.
const SHARE_WITH_FACTS = 0.75;
// Of one folder that was never listed: where objects come without end, such as those that hold bytes, what is not there is soon dear to know.
const SHARE_OF_MADE = 0.25;

/** What a change has left of an object: its facts, or nothing. Absent where that is not known. */
export interface Left {
  readonly left?: FileFacts | 'nothing';
}

interface Place {
  readonly folder: string;
  readonly name: string;
}

interface Load {
  readonly view: FolderView;
  readonly done: Promise<unknown>;
}

/**
 * The folders of a store as the one process that changes them knows them: each is read once, when it is listed for the first time,
 * and then follows the changes that are announced here. One that this process makes, in a folder that it knows, was empty before and is
 * never read. What was not listed for the longest time is forgotten when there are too many names, after all that never was, and a
 * folder that has too many alone is read each time.
 *
 * A view may hold a name too many (a write that failed, a file that was read before it was removed), never one too few: a name is
 * there before its file can be. A name without a file is removed when a list finds none.
 */
export class OwnedFolders implements ListedFolders {
  readonly #files: Pick<ListedFiles, 'read' | 'facts'>;
  readonly #maxBytes: number;
  /** The one that was not asked for the longest time comes first. */
  readonly #views = new Map<string, FolderView>();
  /** Of folders that were made here and never listed, without facts; the oldest comes first. */
  readonly #made = new Map<string, FolderView>();
  readonly #loads = new Map<string, Load>();
  readonly #changing = new Set<string>();
  #bytes = 0;

  constructor(files: Pick<ListedFiles, 'read' | 'facts'>, maxBytes: number) {
    this.#files = files;
    this.#maxBytes = maxBytes;
  }

  async view(folder: string): Promise<FolderView> {
    const kept = this.#known(folder);
    if (kept === undefined) {
      const load = this.#loads.get(folder) ?? this.#load(folder);
      await load.done;
      return load.view;
    }
    this.#made.delete(folder);
    this.#views.delete(folder);
    this.#views.set(folder, kept);
    return kept;
  }

  /** Whether it is certain that no such object is there, and that none is being made. */
  lacks(key: string): boolean {
    for (let name = key; name !== '';) {
      const at = name.lastIndexOf('/', name.length - 2) + 1;
      const view = this.#known(name.slice(0, at));
      // What leads to it may be missing as well.
      if (view !== undefined) return !view.has(name.slice(at));
      name = name.slice(0, at);
    }
    return false;
  }

  /** The facts of a file, which are kept unless it has changed meanwhile. */
  async facts(folder: string, name: string): Promise<FileFacts | undefined> {
    const key = folder + name;
    const view = this.#changing.has(key) ? undefined : this.#known(folder);
    const reading = view?.beginReading(name);
    let found: { facts: FileFacts | undefined } | undefined;
    try {
      found = { facts: await this.#files.facts(key) };
      return found.facts;
    } finally {
      if (view && reading && view.isReading(name, reading)) {
        const left = found && (found.facts ?? 'nothing');
        this.#edit(folder, view, () => this.#tell(folder, view, name, left));
      }
    }
  }

  /** Runs the one change of a key that is under way. */
  async change<T extends Left>(key: string, task: () => Promise<T>): Promise<T> {
    this.#changing.add(key);
    const { folder, name } = placeOf(key);
    for (const above of foldersAbove(folder).reverse()) this.#announceFolder(above);
    this.#inView(folder, (view) => this.#tell(folder, view, name, undefined));
    try {
      const outcome = await task();
      this.#inView(folder, (view) => this.#tell(folder, view, name, outcome.left));
      return outcome;
    } finally {
      this.#changing.delete(key);
    }
  }

  #load(folder: string): Load {
    const view = new FolderView();
    for (const key of this.#changing) {
      if (key.startsWith(folder)) view.add(unshared(firstSegment(key.slice(folder.length))));
    }
    const done = this.#files
      .read(folder, (segment) => view.add(segment))
      .then(() => this.#keep(folder, view))
      .finally(() => this.#loads.delete(folder));
    const load = { view, done };
    this.#loads.set(folder, load);
    return load;
  }

  /** Those above it were announced. */
  #announceFolder({ folder, name }: Place): void {
    const above = this.#known(folder);
    if (above?.has(name)) return;
    this.#inView(folder, (view) => view.add(unshared(name)));
    const path = folder + name;
    // Whatever reads it may miss what is made now, and does not know that it is complete.
    if (above === undefined || this.#known(path) || this.#loads.has(path)) return;
    const view = new FolderView();
    this.#made.set(path, view);
    this.#bytes += view.bytes;
    this.#forget();
  }

  #known(folder: string): FolderView | undefined {
    return this.#views.get(folder) ?? this.#made.get(folder);
  }

  #tell(folder: string, view: FolderView, name: string, left: Left['left']): void {
    const withFacts = this.#bytes < this.#maxBytes * SHARE_WITH_FACTS && !this.#made.has(folder);
    if (left === 'nothing') view.remove(name);
    else view.set(name, withFacts ? left : undefined);
  }

  #keep(folder: string, view: FolderView): void {
    if (view.bytes > this.#maxBytes) return;
    this.#views.set(folder, view);
    this.#bytes += view.bytes;
    this.#forget();
  }

  #inView(folder: string, edit: (view: FolderView) => void): void {
    const view = this.#known(folder) ?? this.#loads.get(folder)?.view;
    if (view !== undefined) this.#edit(folder, view, () => edit(view));
  }

  #edit(folder: string, view: FolderView, edit: () => void): void {
    const before = view.bytes;
    edit();
    if (this.#known(folder) !== view) return;
    this.#bytes += view.bytes - before;
    if (view.bytes > this.#maxBytes * SHARE_OF_MADE && this.#made.delete(folder)) this.#bytes -= view.bytes;
    this.#forget();
  }

  #forget(): void {
    for (const views of [this.#made, this.#views]) {
      for (const [folder, view] of views) {
        if (this.#bytes <= this.#maxBytes) return;
        views.delete(folder);
        this.#bytes -= view.bytes;
      }
    }
  }
}

function placeOf(key: string): Place {
  const at = key.lastIndexOf('/') + 1;
  return { folder: key.slice(0, at), name: unshared(key.slice(at)) };
}

/** Where a folder stands, and where those stand that lead to it: `a/b/` is `b/` in `a/`, which is `a/` in the root. */
function foldersAbove(path: string): Place[] {
  const above: Place[] = [];
  for (let end = path.length; end > 0;) {
    const at = path.lastIndexOf('/', end - 2) + 1;
    above.push({ folder: path.slice(0, at), name: path.slice(at, end) });
    end = at;
  }
  return above;
}

function firstSegment(path: string): string {
  const end = path.indexOf('/') + 1;
  return end === 0 ? path : path.slice(0, end);
}

/** The same text in memory of its own: a slice would keep the whole text that it was cut from. */
function unshared(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
