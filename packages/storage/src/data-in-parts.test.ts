import { expect, test } from '@jest/globals';
import { DataInParts } from './data-in-parts.js';
import type { Chunks } from './object-store.js';
import { PartTurns } from './part-turns.js';

class OneTurn extends DataInParts {
  constructor(answer: Promise<void>) {
    const writePart = async (_key: string, _upload: unknown, number: number, body: Uint8Array) => {
      await answer;
      return { number, sizeBytes: body.length, tag: '' };
    };
    const complete = async () => ({ sizeBytes: 0 });
    super(
      { begin: async () => null, writePart, complete, abort: async () => undefined },
      new PartTurns({ parts: 1, bytes: 1_000 }),
    );
  }

  override async write(key: string, chunks: Chunks): Promise<{ sizeBytes: number }> {
    return this.writePart(key, null, { number: 1, offsetBytes: 0 }, chunks, {});
  }
}

test('the bytes of a part are not asked for before its turn has come', async () => {
  const answer = Promise.withResolvers<void>();
  const asked: string[] = [];
  const data = new OneTurn(answer.promise);
  const chunks = async function* (name: string) {
    asked.push(name);
    yield Buffer.from(name);
  };
  const written = ['first', 'second'].map((name) => data.write(name, chunks(name)));
  await new Promise(setImmediate);
  expect(asked).toEqual(['first']);
  answer.resolve();
  expect(await Promise.all(written)).toMatchObject([{ sizeBytes: 5 }, { sizeBytes: 6 }]);
  expect(asked).toEqual(['first', 'second']);
});
