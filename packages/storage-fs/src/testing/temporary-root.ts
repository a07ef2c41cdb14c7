import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';

/** Answers a function that makes an empty folder, which is removed when the test has ended. */
export function temporaryRoots(): () => Promise<string> {
  const made: string[] = [];
  afterEach(async () => {
    for (const root of made.splice(0)) await rm(root, { recursive: true, force: true });
  });
  return async () => {
    const root = await mkdtemp(join(tmpdir(), 'atoll-fs-'));
    made.push(root);
    return root;
  };
}
