import { OrderedMap } from './ordered-map.js';
import type { FileFacts } from './publisher.js';

// What they take in memory, roughly.
const VIEW_BYTES = 700;
const NAME_BYTES = 32;
const FACTS_BYTES = 136;

type Slot = FileFacts | symbol | undefined;

/** A folder's segments, decoded and in order; those that are folders end in `/`, which is also how they sort. */
export class FolderView {
  readonly #names = new OrderedMap<FileFacts | symbol>();
  #bytes = VIEW_BYTES;

  /** What it takes in memory, roughly. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The first `limit` names that are not before `start`, with the facts of those files whose facts are known. */
  from(start: string, limit: number): { name: string; facts: FileFacts | undefined }[] {
    return this.#names.from(start, limit).map(({ name, value }) => ({ name, facts: known(value) }));
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Keeps what is known of a name that is there already. The text of the name is kept as it is, with all that it is a part of. */
  add(name: string): void {
    if (this.#names.add(name)) this.#bytes += name.length + NAME_BYTES;
  }

  set(name: string, facts: FileFacts | undefined): void {
    this.add(name);
    this.#set(name, facts && copyOf(facts));
  }

  remove(name: string): void {
    this.#set(name, undefined);
    if (this.#names.delete(name)) this.#bytes -= name.length + NAME_BYTES;
  }

  /** Announces that the facts of a file are about to be read; `undefined` when there is no need, or no such name. */
  beginReading(name: string): symbol | undefined {
    if (!this.#names.has(name) || this.#names.get(name) !== undefined) return undefined;
    const ticket = Symbol(name);
    this.#set(name, ticket);
    return ticket;
  }

  /** Whether nothing has been told of the name since. */
  isReading(name: string, ticket: symbol): boolean {
    return this.#names.get(name) === ticket;
  }

  #set(name: string, slot: Slot): void {
    if (known(this.#names.get(name))) this.#bytes -= FACTS_BYTES;
    if (known(slot)) this.#bytes += FACTS_BYTES;
    this.#names.set(name, slot);
  }
}

function known(slot: Slot): FileFacts | undefined {
  return typeof slot === 'symbol' ? undefined : slot;
}

/** Without the many other facts that the system gives. */
function copyOf({ mtimeNs, ino, size }: FileFacts): FileFacts {
  return { mtimeNs, ino, size };
}
