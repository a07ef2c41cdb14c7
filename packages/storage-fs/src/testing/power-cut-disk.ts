import { basename, dirname } from 'node:path';
import type { FileSystem } from '../file-system.js';
import { systemError } from './watched-files.js';

const SECTOR_BYTES = 512;

/** A number from 0 up to, but without, 1. */
export type Chance = () => number;

/** Told of every call before it happens; may throw what the system would. */
export type DiskWatcher = (name: string, path: string) => void;

interface FileNode {
  readonly kind: 'file';
  readonly ino: number;
  names: number;
  bytes: Buffer;
  mtimeNs: bigint;
  readonly dirty: Set<number>;
  durable: { bytes: Buffer; mtimeNs: bigint };
}

interface FolderNode {
  readonly kind: 'folder';
  readonly ino: number;
  readonly entries: Map<string, Node>;
  durable: Map<string, Node>;
  /** What each name has stood for since the folder was flushed, the latest last. */
  readonly unflushed: Map<string, (Node | undefined)[]>;
}

type Node = FileNode | FolderNode;

/**
 * A disk in memory that can lose its power. It keeps for certain only what was flushed: of a file the bytes at the time of its
 * flush, of a folder the names. Of all else it keeps any part: each sector of a file for itself, and each name for itself in any
 * state that it has had since. That is more than a real file system does to its users, but nothing POSIX forbids. What a failed flush
 * did not write counts as clean: the next flush does not write it either.
 */
export class PowerCutDisk {
  readonly #chance: Chance;
  #root = folderNode(1);
  #inodes = 1;
  #off = false;
  watch: DiskWatcher = () => undefined;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** From now on every call fails. */
  stop(): void {
    this.#off = true;
  }

  /** Goes on as after the death of a process: all that was done is there. */
  resume(): void {
    this.#off = false;
  }

  /** Goes on as after a power cut. */
  restart(): void {
    const seen = new Map<Node, Node>();
    this.#root = this.#remains(this.#root, seen) as FolderNode;
    for (const node of seen.values()) if (node.kind === 'file') node.names = 0;
    countNames(this.#root);
    this.#off = false;
  }

  /** Flushes everything, as syncfs does. */
  async flushAll(): Promise<boolean> {
    await this.#call('flushAll', '/');
    visit(this.#root, (node) => flush(node));
    return true;
  }

  /** The calls that the package makes; each takes its time, so that concurrent ones mix. */
  readonly files = {
    link: (from: string, to: string) => this.#do('link', to, () => this.#link(from, to)),
    mkdir: (path: string, options?: { recursive?: boolean }) =>
      this.#do('mkdir', path, () => (options?.recursive ? this.#mkdirs(path) : this.#mkdir(path))),
    open: (path: string, flags: string) => this.#do('open', path, () => this.#open(path, flags)),
    opendir: (path: string) =>
      this.#do('opendir', path, () => {
        const entries = entriesOf(this.#folder(path));
        return { read: async () => entries.shift() ?? null, close: async () => undefined };
      }),
    readdir: (path: string, options?: { withFileTypes?: boolean }) =>
      this.#do('readdir', path, () => {
        const entries = entriesOf(this.#folder(path));
        return options?.withFileTypes ? entries : entries.map(({ name }) => name);
      }),
    readFile: (path: string, encoding?: 'utf8') =>
      this.#do('readFile', path, () => {
        const bytes = Buffer.from(this.#file(path).bytes);
        return encoding === undefined ? bytes : bytes.toString(encoding);
      }),
    rename: (from: string, to: string) => this.#do('rename', to, () => this.#rename(from, to)),
    stat: (path: string, options?: { bigint?: boolean }) =>
      this.#do('stat', path, () => statOf(this.#find(path), options?.bigint)),
    unlink: (path: string) =>
      this.#do('unlink', path, () => {
        const file = this.#file(path);
        this.#name(path, undefined);
        file.names--;
      }),
  } as unknown as FileSystem;

  async #do<T>(name: string, path: string, task: () => T): Promise<T> {
    await this.#call(name, path);
    return task();
  }

  async #call(name: string, path: string): Promise<void> {
    for (let turns = Math.floor(this.#chance() * 4); turns > 0; turns--) await Promise.resolve();
    if (!this.#off) this.watch(name, path);
    if (this.#off) throw systemError('EIO');
  }

  #open(path: string, flags: string) {
    const node = this.#peek(path);
    if (node?.kind === 'folder' && flags !== 'r') throw systemError('EISDIR');
    if (node && flags === 'wx') throw systemError('EEXIST');
    if (!node && flags.startsWith('r')) throw systemError('ENOENT');
    const opened = node ?? fileNode(++this.#inodes);
    if (node === undefined) this.#name(path, opened);
    if (opened.kind === 'file' && node === undefined) opened.names = 1;
    if (opened.kind === 'file' && flags === 'w') resize(opened, 0);
    return this.#handle(path, opened);
  }

  #handle(path: string, node: Node) {
    const call = <T>(name: string, task: (file: FileNode) => T): Promise<T> =>
      this.#do(`handle.${name}`, path, () => {
        if (node.kind === 'folder') throw systemError('EISDIR');
        return task(node);
      });
    const sync = async (name: string): Promise<void> => {
      try {
        await this.#call(`handle.${name}`, path);
      } catch (cause) {
        if (node.kind === 'file' && !this.#off) node.dirty.clear();
        throw cause;
      }
      flush(node);
    };
    return {
      write: (bytes: Buffer, at: number, sizeBytes: number, position: number) =>
        call('write', (file) => {
          write(file, bytes.subarray(at, at + sizeBytes), position);
          return { bytesWritten: sizeBytes };
        }),
      writeFile: (content: Uint8Array | string) => call('writeFile', (file) => write(file, Buffer.from(content), 0)),
      utimes: (_read: number, seconds: number) =>
        call('utimes', (file) => void (file.mtimeNs = BigInt(Math.floor(seconds * 1e6)) * 1000n)),
      truncate: (sizeBytes: number) => call('truncate', (file) => resize(file, sizeBytes)),
      read: (into: Buffer, at: number, sizeBytes: number, position: number) =>
        call('read', ({ bytes }) => ({ bytesRead: bytes.copy(into, at, position, position + sizeBytes) })),
      readFile: () => call('readFile', ({ bytes }) => Buffer.from(bytes)),
      stat: (options?: { bigint?: boolean }) => this.#do('handle.stat', path, () => statOf(node, options?.bigint)),
      sync: () => sync('sync'),
      datasync: () => sync('datasync'),
      close: async () => undefined,
    };
  }

  #link(from: string, to: string): void {
    const file = this.#file(from);
    if (this.#peek(to)) throw systemError('EEXIST');
    this.#name(to, file);
    file.names++;
  }

  #rename(from: string, to: string): void {
    const file = this.#file(from);
    const replaced = this.#peek(to);
    if (replaced?.kind === 'folder') throw systemError('EISDIR');
    if (replaced) replaced.names--;
    this.#name(to, file);
    this.#name(from, undefined);
  }

  #mkdir(path: string): void {
    if (this.#peek(path)) throw systemError('EEXIST');
    this.#name(path, folderNode(++this.#inodes));
  }

  /** The first folder that it had to make. */
  #mkdirs(path: string): string | undefined {
    if (this.#exists(path)) return undefined;
    const first = this.#mkdirs(dirname(path));
    this.#mkdir(path);
    return first ?? path;
  }

  #exists(path: string): boolean {
    try {
      return this.#find(path) !== undefined;
    } catch {
      return false;
    }
  }

  #name(path: string, node: Node | undefined): void {
    const { entries, unflushed, durable } = this.#folder(dirname(path));
    const name = basename(path);
    const states = unflushed.get(name) ?? [durable.get(name)];
    unflushed.set(name, [...states, node]);
    if (node) entries.set(name, node);
    else entries.delete(name);
  }

  #peek(path: string): Node | undefined {
    if (path === '/') return this.#root;
    return this.#folder(dirname(path)).entries.get(basename(path));
  }

  #find(path: string): Node {
    const node = this.#peek(path);
    if (node === undefined) throw systemError('ENOENT');
    return node;
  }

  #folder(path: string): FolderNode {
    const node = this.#find(path);
    if (node.kind === 'file') throw systemError('ENOTDIR');
    return node;
  }

  #file(path: string): FileNode {
    const node = this.#find(path);
    if (node.kind === 'folder') throw systemError('EISDIR');
    return node;
  }

  #remains(node: Node, seen: Map<Node, Node>): Node {
    const known = seen.get(node);
    if (known) return known;
    if (node.kind === 'file') {
      const file = this.#fileRemains(node);
      seen.set(node, file);
      return file;
    }
    const folder = folderNode(node.ino);
    seen.set(node, folder);
    const names = new Map<string, Node | undefined>(node.durable);
    for (const [name, states] of node.unflushed) names.set(name, states[Math.floor(this.#chance() * states.length)]);
    for (const [name, child] of names) if (child) folder.entries.set(name, this.#remains(child, seen));
    folder.durable = new Map(folder.entries);
    return folder;
  }

  #fileRemains({ ino, bytes, mtimeNs, dirty, durable }: FileNode): FileNode {
    const file = fileNode(ino);
    const longer = this.#chance() < 0.5;
    resize(file, longer ? bytes.length : Math.min(durable.bytes.length, bytes.length));
    durable.bytes.copy(file.bytes);
    for (const sector of dirty) {
      const at = sector * SECTOR_BYTES;
      if (this.#chance() < 0.5 && at < file.bytes.length) bytes.copy(file.bytes, at, at, at + SECTOR_BYTES);
    }
    file.mtimeNs = this.#chance() < 0.5 ? mtimeNs : durable.mtimeNs;
    flush(file);
    file.durable = { bytes: Buffer.from(file.bytes), mtimeNs: file.mtimeNs };
    return file;
  }
}

function fileNode(ino: number): FileNode {
  const durable = { bytes: Buffer.alloc(0), mtimeNs: 0n };
  return { kind: 'file', ino, names: 0, bytes: Buffer.alloc(0), mtimeNs: 0n, dirty: new Set(), durable };
}

function folderNode(ino: number): FolderNode {
  return { kind: 'folder', ino, entries: new Map(), durable: new Map(), unflushed: new Map() };
}

function write(file: FileNode, bytes: Uint8Array, position: number): void {
  if (bytes.length === 0) return;
  if (position + bytes.length > file.bytes.length) resize(file, position + bytes.length);
  file.bytes.set(bytes, position);
  const last = Math.floor((position + bytes.length - 1) / SECTOR_BYTES);
  for (let sector = Math.floor(position / SECTOR_BYTES); sector <= last; sector++) file.dirty.add(sector);
}

function resize(file: FileNode, sizeBytes: number): void {
  const bytes = Buffer.alloc(sizeBytes);
  file.bytes.copy(bytes);
  file.bytes = bytes;
}

function flush(node: Node): void {
  if (node.kind === 'folder') {
    node.durable = new Map(node.entries);
    node.unflushed.clear();
    return;
  }
  const bytes = Buffer.alloc(node.bytes.length);
  node.durable.bytes.copy(bytes);
  for (const sector of node.dirty) {
    const at = sector * SECTOR_BYTES;
    node.bytes.copy(bytes, at, at, at + SECTOR_BYTES);
  }
  node.dirty.clear();
  node.durable = { bytes, mtimeNs: node.mtimeNs };
}

function visit(node: Node, task: (node: Node) => void): void {
  if (node.kind === 'folder') for (const child of node.entries.values()) visit(child, task);
  task(node);
}

function entriesOf({ entries }: FolderNode) {
  return [...entries].map(([name, { kind }]) => ({ name, isDirectory: () => kind === 'folder' }));
}

function countNames(root: FolderNode): void {
  visit(root, (node) => {
    if (node.kind !== 'folder') return;
    for (const child of node.entries.values()) if (child.kind === 'file') child.names++;
  });
}

function statOf(node: Node, bigint = false) {
  const size = node.kind === 'file' ? node.bytes.length : 0;
  // A folder that may just have changed.
  const mtimeNs = node.kind === 'file' ? node.mtimeNs : BigInt(Date.now()) * 1_000_000n;
  const nlink = node.kind === 'file' ? node.names : 1;
  const isFile = (): boolean => node.kind === 'file';
  if (bigint) return { size: BigInt(size), mtimeNs, ino: BigInt(node.ino), nlink: BigInt(nlink), isFile };
  return { size, nlink, isFile };
}
