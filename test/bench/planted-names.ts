import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseRepositoryName, parseTag } from '@atoll/core';
import { keys } from '@atoll/storage';

const REPOSITORIES_PER_TEAM = 100;

export function tagAt(place: number): string {
  return `v${String(place).padStart(6, '0')}`;
}

export function repositoryAt(place: number): string {
  const team = String(Math.floor(place / REPOSITORIES_PER_TEAM)).padStart(4, '0');
  return `team-${team}/app-${String(place % REPOSITORIES_PER_TEAM).padStart(2, '0')}`;
}

/**
 * Gives a region on a folder, which nobody serves meanwhile, many names: copies of a tag and of a repository that were pushed, put in
 * their places as whoever restores a backup does.
 */
export function plantNames(
  bucket: string,
  pushed: { readonly repository: string; readonly tag: string },
  counts: { readonly tags: number; readonly repositories: number },
): void {
  const repository = parseRepositoryName(pushed.repository);
  // Lower case, so a key is the path of its file.
  const file = (key: string): string => join(bucket, 'objects', key);
  const tag = readFileSync(file(keys.tag(repository, parseTag(pushed.tag))));
  const marker = readFileSync(file(keys.catalogMarker(repository)));
  for (let place = 0; place < counts.tags; place++) {
    writeFileSync(file(keys.tag(repository, parseTag(tagAt(place)))), tag);
  }
  for (let place = 0; place < counts.repositories; place++) {
    const path = file(keys.catalogMarker(parseRepositoryName(repositoryAt(place))));
    if (place % REPOSITORIES_PER_TEAM === 0) mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, marker);
  }
}
