import { describe, expect, test } from '@jest/globals';
import { readSource, type Import } from './source-file.js';
import { packageOf, readPackages, readTestTools, targetOf, type WorkspaceFile } from './workspace.js';

// Who may know whom. An arrow the other way, or a shortcut, is a change of docs/architecture.md first.
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  core: [],
  storage: ['core'],
  'storage-fs': ['core', 'storage'],
  'storage-s3': ['core', 'storage'],
  'storage-azure': ['core', 'storage'],
  'storage-gcs': ['core', 'storage'],
  registry: ['core', 'storage'],
  replication: ['core', 'storage', 'registry'],
  runtime: ['core', 'storage', 'storage-fs', 'storage-s3', 'storage-azure', 'storage-gcs', 'registry'],
  api: ['core', 'storage', 'registry', 'runtime'],
  worker: ['core', 'storage', 'registry', 'replication', 'runtime'],
  cli: ['core', 'storage', 'registry', 'replication', 'runtime', 'api', 'worker'],
};

// Libraries that only one package may know, and in it only the files named here.
const KEPT_IN: Readonly<Record<string, RegExp>> = {
  '@aws-sdk/client-s3': /^packages\/storage-s3\/src\//,
  '@aws-sdk/s3-request-presigner': /^packages\/storage-s3\/src\//,
  '@smithy/signature-v4': /^packages\/storage-s3\/src\/signature\.ts$/,
  '@azure/identity': /^packages\/storage-azure\/src\/create-service\.ts$/,
  '@azure/storage-blob': /^packages\/storage-azure\/src\//,
  bullmq: /^packages\/replication\/src\/bull-[a-z-]+\.ts$/,
  ioredis: /^packages\/replication\/src\/bull-[a-z-]+\.ts$/,
  'google-auth-library': /^packages\/storage-gcs\/src\/chain-identity\.ts$/,
  express: /^packages\/api\/src\//,
  commander: /^packages\/cli\/src\//,
  winston: /^packages\/runtime\/src\//,
};

// BullMQ has it as a peer dependency: it loads what stands beside it.
const NEVER_IMPORTED = ['ioredis'];

const READS_ENVIRONMENT = /^packages\/(cli\/src\/main|runtime\/src\/config[a-z-]*)\.ts$/;

const packages = readPackages();
const files = packages.flatMap((one) => one.files);

/** What `find` objects to, over the imports of all files. */
function objections(find: (file: WorkspaceFile, one: Import) => string | undefined): string[] {
  return files.flatMap((file) =>
    file.imports.flatMap((one) => {
      const objection = find(file, one);
      return objection === undefined ? [] : [`${file.path}: ${objection}`];
    }),
  );
}

test('every package has its place in the table of directions', () => {
  expect(packages.map(({ name }) => name).sort()).toEqual(Object.keys(MAY_USE).sort());
});

describe.each(packages)('$name', ({ name, dependencies, files: own }) => {
  const allowed = (MAY_USE[name] ?? []).map((other) => `@atoll/${other}`);

  test('declares only packages that it may use', () => {
    expect(dependencies.filter((other) => other.startsWith('@atoll/') && !allowed.includes(other))).toEqual([]);
  });

  test('imports only what it declares, its tests also what all tests may', () => {
    const testTools = readTestTools();
    const undeclared = own.flatMap((file) => {
      const known = file.isTest ? [...dependencies, ...testTools] : dependencies;
      const used = file.imports.map(packageOf).filter((other) => other !== undefined);
      return used.filter((other) => !known.includes(other)).map((other) => `${file.path}: ${other}`);
    });
    expect(undeclared).toEqual([]);
  });

  test('uses every library that it declares', () => {
    const used = new Set([...own.flatMap((file) => file.imports.map(packageOf)), ...NEVER_IMPORTED]);
    expect(dependencies.filter((other) => !other.startsWith('@atoll/') && !used.has(other))).toEqual([]);
  });

  test('reaches into no other package by a path', () => {
    const strays = own.flatMap((file) =>
      file.imports.filter((one) => targetOf(file, one)?.startsWith(`packages/${name}/`) === false).map(() => file.path),
    );
    expect(strays).toEqual([]);
  });
});

test('a library is known only where it belongs', () => {
  const found = objections((file, one) => {
    const library = packageOf(one);
    const home = library === undefined ? undefined : KEPT_IN[library];
    return !home || file.isTest || home.test(file.path) ? undefined : `imports ${library}`;
  });
  expect(found).toEqual([]);
});

test('what is made for tests is used by tests only', () => {
  const found = objections((file, one) =>
    !file.isTest && /\/testing\b/.test(one.specifier) ? `imports ${one.specifier}` : undefined,
  );
  expect(found).toEqual([]);
});

// Files that name each other's types only are not counted: nothing of that is left when the code runs.
test('no file imports itself, however many files lie between', () => {
  const next = new Map(
    files.map((file) => {
      const imports = file.imports.filter((one) => !one.typeOnly);
      return [file.path, imports.map((one) => targetOf(file, one)).filter((target) => target !== undefined)];
    }),
  );
  expect(findCircles(next)).toEqual([]);
});

test('the environment is read in one place', () => {
  const readers = files.filter((file) => file.readsEnvironment && !file.isTest).map((file) => file.path);
  expect(readers.filter((path) => !READS_ENVIRONMENT.test(path))).toEqual([]);
});

test('nothing is written to the console: logs are structured', () => {
  expect(files.filter((file) => file.usesConsole).map((file) => file.path)).toEqual([]);
});

describe('this test sees', () => {
  test.each<[string, string, Import]>([
    ['an import', `import { a } from './a.js';`, { specifier: './a.js', typeOnly: false }],
    ['an import for its effect', `import './a.js';`, { specifier: './a.js', typeOnly: false }],
    ['an import of types', `import type { A } from 'a';`, { specifier: 'a', typeOnly: true }],
    ['an import of a type among others', `import { type A } from 'a';`, { specifier: 'a', typeOnly: false }],
    ['an export', `export { a } from '@atoll/a/b';`, { specifier: '@atoll/a/b', typeOnly: false }],
    ['an export of types', `export type { A } from 'a';`, { specifier: 'a', typeOnly: true }],
    ['a late import', `const load = async () => import('a');`, { specifier: 'a', typeOnly: false }],
    ['a type taken in place', `let a: import('a').A;`, { specifier: 'a', typeOnly: true }],
    ['a require', `const a = require('a');`, { specifier: 'a', typeOnly: false }],
  ])('%s', (_, text, expected) => {
    expect(readSource(text).imports).toEqual([expected]);
  });

  test('the environment and the console, and not what only looks like them', () => {
    expect(readSource(`f(process.env);`).readsEnvironment).toBe(true);
    expect(readSource(`import { env as e } from 'node:process';`).readsEnvironment).toBe(true);
    expect(readSource(`f(options.env); // process.env`).readsEnvironment).toBe(false);
    expect(readSource(`console.log('x');`).usesConsole).toBe(true);
    expect(readSource(`log('console.log');`).usesConsole).toBe(false);
  });

  test('circles', () => {
    const next = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', []],
      ['d', ['b']],
      ['e', ['e']],
    ]);
    expect(findCircles(next)).toEqual(['b > d > b', 'e > e']);
  });
});

/** The circles that a walk from each file runs into, each once. */
function findCircles(next: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = [];
  const finished = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) circles.push([...trail.slice(start), path].join(' > '));
    if (start >= 0 || finished.has(path)) return;
    for (const target of next.get(path) ?? []) walk(target, [...trail, path]);
    finished.add(path);
  };
  for (const path of next.keys()) walk(path, []);
  return circles;
}
