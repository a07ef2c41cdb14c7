import { expect } from '@jest/globals';
import { eventually } from '../harness/service.js';

/** What regions ask of a bucket, as it is seen there. */
export class AskedRequests {
  /** @param take names what was asked since it was last called */
  constructor(private readonly take: () => readonly string[]) {}

  /** Waits until nothing is asked any more. */
  async quiet(): Promise<void> {
    const nothing = async () => this.take().length === 0 || undefined;
    await eventually(nothing, { timeoutMs: 5_000, everyMs: 200, what: 'no requests' });
  }

  /** Makes a step, and waits for the requests that follow its answer. More than are expected meet the next step. */
  async expect(step: () => Promise<unknown>, expected: readonly string[]): Promise<void> {
    await step();
    const made: string[] = [];
    const allThere = async () => made.push(...this.take()) >= expected.length || undefined;
    await eventually(allThere, { timeoutMs: 5_000, what: `${expected.length} requests` }).catch(() => undefined);
    expect(made.toSorted()).toEqual(expected.toSorted());
  }
}
