import * as nodeFiles from 'node:fs/promises';
import type { FileSystem } from '../file-system.js';

/** One system call: `link`, or `handle.sync` for a call on an open file. `path` is the last one it was given. */
export interface SystemCall {
  readonly name: string;
  readonly path: string;
}

/** May fail a call by throwing, or answer for it with anything but `undefined`. */
export type Watcher = (call: SystemCall) => unknown;

/** An error as the system gives it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: injected`), { code, syscall: 'test' });
}

/** The real file system, with every call shown to `watch` before it happens. */
export function watchedFiles(watch: Watcher): FileSystem {
  return watched(
    nodeFiles,
    (name, args) => watch({ name, path: lastPath(args) }),
    (path, opened) => watched(opened, (name) => watch({ name: `handle.${name}`, path })),
  );
}

/**
 * A copy of an object whose methods are shown to `watch` first; what `open` answers passes through `wrapOpened`. Symbols and
 * properties are those of the object itself.
 */
function watched<T extends object>(
  target: T,
  watch: (name: string, args: readonly unknown[]) => unknown,
  wrapOpened?: (path: string, opened: nodeFiles.FileHandle) => nodeFiles.FileHandle,
): T {
  return new Proxy(Object.create(target) as T, {
    get: (_proxy, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        const run = async (): Promise<unknown> => {
          const answer = watch(String(name), args);
          if (answer !== undefined) return answer;
          const result: unknown = await Reflect.apply(value, target, args);
          const opened = name === 'open' && wrapOpened;
          return opened ? opened(lastPath(args), result as nodeFiles.FileHandle) : result;
        };
        return name === 'createReadStream' ? Reflect.apply(value, target, args) : run();
      };
    },
  });
}

function lastPath(args: readonly unknown[]): string {
  const second = typeof args[1] === 'string' && args[1].startsWith('/') ? args[1] : undefined;
  return second ?? (typeof args[0] === 'string' ? args[0] : '');
}
