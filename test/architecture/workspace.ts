import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { readSource, type Import, type SourceFile } from './source-file.js';

const ROOT = resolve(import.meta.dirname, '../..');
const PACKAGES = join(ROOT, 'packages');

export interface WorkspaceFile extends SourceFile {
  /** From the root of the repository: `packages/core/src/digest.ts`. */
  readonly path: string;
  readonly isTest: boolean;
}

export interface Package {
  /** Without the scope: `core`. */
  readonly name: string;
  readonly dependencies: readonly string[];
  readonly files: readonly WorkspaceFile[];
}

/** Every package that has TypeScript sources. */
export function readPackages(): Package[] {
  return readdirSync(PACKAGES)
    .map((name) => ({ name, dependencies: dependenciesIn(join(PACKAGES, name), 'dependencies'), files: filesOf(name) }))
    .filter(({ files }) => files.length > 0);
}

/** What tests of every package may use. */
export function readTestTools(): string[] {
  return dependenciesIn(ROOT, 'devDependencies');
}

/** The package that an import names: `@atoll/storage` for `@atoll/storage/testing`; `undefined` for a path or a part of Node. */
export function packageOf({ specifier }: Import): string | undefined {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Where a relative import leads, from the root of the repository; `undefined` for other imports. */
export function targetOf(file: WorkspaceFile, { specifier }: Import): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  return join(dirname(file.path), specifier).replace(/\.js$/, '.ts');
}

function filesOf(name: string): WorkspaceFile[] {
  return readdirSync(join(PACKAGES, name), { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path.endsWith('.ts') && !/\/(dist|node_modules)\//.test(path))
    .map((path) => ({
      path: relative(ROOT, path),
      isTest: basename(path).endsWith('.test.ts') || path.includes('/testing/'),
      ...readSource(readFileSync(path, 'utf8')),
    }));
}

function dependenciesIn(folder: string, member: 'dependencies' | 'devDependencies'): string[] {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const found: unknown = Object.entries(manifest ?? {}).find(([key]) => key === member)?.[1];
  return Object.keys(found ?? {});
}
