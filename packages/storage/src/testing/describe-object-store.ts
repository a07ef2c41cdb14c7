import { appendFileSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, describe } from '@jest/globals';
import type { Capabilities, ObjectStore } from '../object-store.js';
import { copyTests } from './copy-tests.js';
import { dataTests } from './data-tests.js';
import { keyTests } from './key-tests.js';
import { listTests } from './list-tests.js';
import { objectTests } from './object-tests.js';
import { partTests } from './part-tests.js';
import { raceTests } from './race-tests.js';
import { partSignalTests, signalTests } from './signal-tests.js';

export interface StoreUnderTest {
  /** Empty. */
  readonly store: ObjectStore;
  /** Another bucket, empty, from which `store` can copy by itself. Absent where the driver never does. */
  readonly peer?: ObjectStore;
  readonly close: () => Promise<void>;
  /** The server loses keys in pages of a prefix that ends inside a segment, such as no caller has. */
  readonly missesBelowHalfSegments?: boolean;
  /** The server takes parts of an upload that is gone, with which nobody can do anything. */
  readonly takesLateParts?: boolean;
  /** The same data as another process finds them; `store` is not used again. Absent where data do not outlive a store. */
  readonly reopen?: () => Promise<ObjectStore>;
}

export interface SuiteOptions {
  /** `false` over a server that stands in for the real one and knows no uploads in parts: its driver is tested with them elsewhere. */
  readonly parts?: boolean;
}

/** What the groups of tests below work on: it is another store in every test. */
export type Subject = () => StoreUnderTest;

/**
 * The contract of `ObjectStore` as tests (docs/drivers/contract.md). Every driver's own test file calls this once; what
 * `capabilities` claims is tested, what it does not claim must say so when it is called.
 */
export function describeObjectStore(
  name: string,
  open: () => Promise<StoreUnderTest>,
  { parts = true }: SuiteOptions = {},
): void {
  describe(name, () => {
    let current: StoreUnderTest | undefined;
    let capabilities: Capabilities | undefined;
    const subject: Subject = () => {
      if (current === undefined) throw new Error('no store is open');
      return current;
    };
    beforeEach(async () => {
      current = await open();
      capabilities = current.store.capabilities;
    });
    afterEach(async () => {
      await current?.close();
      current = undefined;
    });
    afterAll(() => note(name, capabilities));
    describe('objects', () => objectTests(subject));
    describe('races', () => raceTests(subject));
    describe('lists', () => listTests(subject));
    describe('keys', () => keyTests(subject));
    describe('data objects', () => dataTests(subject));
    if (parts) describe('data objects in parts', () => partTests(subject));
    describe('copies', () => copyTests(subject));
    describe('signals', () => {
      signalTests(subject);
      if (parts) partSignalTests(subject);
    });
  });
}

/** Adds a line to the file that `ATOLL_TEST_SUBJECTS` names, for who runs the suite over many stores. */
function note(name: string, capabilities: Capabilities | undefined): void {
  const file = process.env['ATOLL_TEST_SUBJECTS'];
  if (file !== undefined && capabilities) appendFileSync(file, `${JSON.stringify({ name, capabilities })}\n`);
}
