import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('packages', import.meta.url));

// One configuration for every package: each runs it with its own folder as the root.
// Packages of ours resolve to their sources, so that a test never sees a stale build.
export default {
  displayName: basename(process.cwd()),
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  testMatch: ['<rootDir>/**/*.test.{ts,mjs}'],
  // What takes long to bring is tested by `npm run test:stores`.
  testPathIgnorePatterns: ['/node_modules/', '/dist/', ...(process.env.ATOLL_TEST_FULL ? [] : ['/stores/full/'])],
  modulePathIgnorePatterns: ['/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  moduleNameMapper: {
    '^@atoll/([a-z0-9-]+)/testing$': `${packages}/$1/src/testing/index.ts`,
    '^@atoll/([a-z0-9-]+)/([a-z0-9]+-location|faulty-server)$': `${packages}/$1/src/$2.ts`,
    '^@atoll/([a-z0-9-]+)$': `${packages}/$1/src/index.ts`,
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  testTimeout: 30_000,
};
