import { expect, test } from '@jest/globals';
import { DataInParts } from './data-in-parts.js';
import { PartTurns } from './part-turns.js';

function ofOneTurn(answer: Promise<void>): DataInParts {
  const writePart = async (_key: string, _upload: unknown, number: number, body: Uint8Array) => {
    await answer;
    return { number, sizeBytes: body.length, tag: '' };
  };
  const complete = async () => ({ sizeBytes: 0 });
  const nothing = async () => undefined;
  const requests = { putWhole: nothing, begin: async () => null, writePart, complete, abort: nothing };
  return new DataInParts(requests, new PartTurns({ parts: 1, bytes: 1_000 }), () => 1_000);
}

test('the bytes of a part are not asked for before its turn has come', async () => {
  const answer = Promise.withResolvers<void>();
  const asked: string[] = [];
  const data = ofOneTurn(answer.promise);
  const chunks = async function* (name: string) {
    asked.push(name);
    yield Buffer.from(name);
  };
  const written = ['first', 'second'].map((name) =>
    data.writePart(name, null, { number: 1, offsetBytes: 0 }, chunks(name), {}),
  );
  await new Promise(setImmediate);
  expect(asked).toEqual(['first']);
  answer.resolve();
  expect(await Promise.all(written)).toMatchObject([{ sizeBytes: 5 }, { sizeBytes: 6 }]);
  expect(asked).toEqual(['first', 'second']);
});
