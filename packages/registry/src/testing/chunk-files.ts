import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import type { ChunkFile } from '@atoll/storage';

/** Answers a function that opens an empty file for chunks, where what is written and told may be looked at. Its caller closes it. */
export function chunkFiles() {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atoll-chunk-files-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return async (positionBytes = 0) => {
    const path = join(folder, 'file');
    const handle = await open(path, 'w');
    const told: number[] = [];
    const written = async (sizeBytes: number): Promise<void> => void told.push(sizeBytes);
    const file: ChunkFile = { descriptor: handle.fd, positionBytes, written };
    const read = async (): Promise<Buffer> => (await readFile(path)).subarray(positionBytes);
    return { path, file, handle, told, read };
  };
}
