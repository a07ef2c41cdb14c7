import type { FsStoreOptions } from '../fs-store-options.js';
import { FsStore } from '../fs-store.js';
import { chances } from './chances.js';
import { PowerCutDisk } from './power-cut-disk.js';
import { systemError } from './watched-files.js';

export const ROOT = '/data';

/** A store on a disk in memory, the flushes it asks for, and a call to let fail. */
export async function openOnDisk(options: Partial<FsStoreOptions> = {}) {
  const disk = new PowerCutDisk(chances(1));
  const flushed: string[] = [];
  const fault: { fail?: (name: string, path: string) => string | undefined } = {};
  disk.watch = (name, path) => {
    const code = fault.fail?.(name, path);
    if (code !== undefined) throw systemError(code);
    if (/sync$|^flushAll$/.test(name)) flushed.push(path.replace(`${ROOT}/`, '').replace(/tmp\/.*/, 'tmp/*'));
  };
  const open = () => FsStore.open({ root: ROOT, files: disk.files, showAfterMs: Infinity, ...options });
  /** As another process after this one was killed, with or without the power. */
  const reopen = async (how: 'killed' | 'power cut') => {
    disk.stop();
    for (let turns = 0; turns < 100; turns++) await Promise.resolve();
    if (how === 'killed') disk.resume();
    else disk.restart();
    for (const name of await disk.files.readdir(ROOT)) {
      if (name.startsWith('lock.')) await disk.files.unlink(`${ROOT}/${name}`);
    }
    return open();
  };
  const store = await open();
  /** The flushes that a task asked for. */
  const flushesOf = async (task: () => Promise<unknown>) => {
    flushed.length = 0;
    await task();
    return flushed.splice(0);
  };
  return { disk, store, fault, flushesOf, reopen, log: () => disk.files.readdir(`${ROOT}/log`) };
}
