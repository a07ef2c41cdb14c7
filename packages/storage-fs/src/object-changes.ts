import type {
  CallOptions,
  DeleteCondition,
  DeleteOutcome,
  OrderedPut,
  PutCondition,
  PutOptions,
  PutOutcome,
} from '@atoll/storage';
import type { KeyTurns } from './key-turns.js';
import type { LateFiles } from './late-files.js';
import type { LoggedObjects } from './logged-objects.js';
import type { Known } from './object-cache.js';
import type { ObjectFiles } from './object-files.js';
import type { Left } from './owned-folders.js';
import type { FileFacts } from './publisher.js';
import { isVersion } from './versions.js';
import type { Writes } from './writes.js';
import { outcomeOf, type Written } from './written.js';

export interface ObjectChangesParts {
  readonly writes: Writes;
  readonly turns: KeyTurns;
  readonly logged: LoggedObjects;
  readonly late: LateFiles;
  readonly objects: ObjectFiles;
}

/** Puts and deletes small objects, where their conditions hold. */
export class ObjectChanges {
  constructor(private readonly parts: ObjectChangesParts) {}

  async put(key: string, body: Uint8Array, condition: PutCondition, { signal, shortLived }: PutOptions = {}) {
    const { turns, logged, late } = this.parts;
    const written = await turns.run(key, signal, async (path, known): Promise<Written> => {
      if (!(await this.#holds(key, condition, known))) return {};
      if (shortLived && logged.unshown.hasRoom(body.length)) {
        const mayCover = !('ifAbsent' in condition) && known !== 'absent';
        return { version: await late.keep(key, path, body, mayCover) };
      }
      const [facts] = await logged.put([{ key, path, body }]);
      return this.#writtenOf(key, body, facts);
    });
    return outcomeOf(written);
  }

  /** With one flush for all of them. */
  async putInOrder(puts: readonly OrderedPut[], { signal }: CallOptions = {}): Promise<PutOutcome[]> {
    const { writes, turns, logged } = this.parts;
    signal?.throwIfAborted();
    const placed = puts.map((put) => ({ ...put, path: writes.pathOf(put.key) }));
    const keys = puts.map(({ key }) => key);
    const written = await turns.runAll(keys, signal, async (known) => {
      const holds = await Promise.all(puts.map(({ key, condition }, at) => this.#holds(key, condition, known[at])));
      const conflict = holds.indexOf(false);
      const facts = await logged.put(conflict < 0 ? placed : placed.slice(0, conflict));
      return puts.map(({ key, body }, at) => this.#writtenOf(key, body, facts[at]));
    });
    const outcomes = written.map(outcomeOf);
    const conflict = outcomes.indexOf('conflict');
    return conflict < 0 ? outcomes : outcomes.slice(0, conflict + 1);
  }

  async delete(key: string, condition: DeleteCondition, { signal }: CallOptions = {}): Promise<DeleteOutcome> {
    const { turns, logged, objects } = this.parts;
    const task = async (path: string, known: Known | undefined): Promise<Left & { outcome: DeleteOutcome }> => {
      const unshown = logged.unshown.get(key);
      const current = unshown ? undefined : await objects.current(key, known);
      if (!unshown && current === undefined) return { outcome: 'absent', left: 'nothing' };
      if ('ifVersion' in condition && !(current && isVersion(current, condition.ifVersion))) {
        return { outcome: 'conflict' };
      }
      await (unshown ? logged.cancel(unshown) : logged.delete(key, path));
      return { outcome: 'deleted', left: 'nothing' };
    };
    return (await turns.run(key, signal, task, { unshown: 'blind' in condition })).outcome;
  }

  async #holds(key: string, condition: PutCondition, known: Known | undefined): Promise<boolean> {
    if ('blind' in condition) return true;
    const current = await this.parts.objects.current(key, known);
    if ('ifAbsent' in condition) return current === undefined;
    return current !== undefined && isVersion(current, condition.ifVersion);
  }

  #writtenOf(key: string, body: Uint8Array, facts: FileFacts | undefined): Written {
    if (facts === undefined) return {};
    const info = this.parts.objects.infoOf(key, facts);
    return { version: info.version, stored: { info, body }, left: facts };
  }
}
