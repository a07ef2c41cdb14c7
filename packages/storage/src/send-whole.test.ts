import { expect, test } from '@jest/globals';
import { sendWhole } from './send-whole.js';

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

const asText = async (bytes: Uint8Array) => Buffer.from(bytes).toString();

test.each([
  ['nothing', [], undefined, ''],
  ['nothing, as was said', [], 0, ''],
  ['one chunk', ['abc'], undefined, 'abc'],
  ['one chunk, as was said', ['abc'], 3, 'abc'],
  ['several chunks, as was said', ['a', 'bc', 'd'], 4, 'abcd'],
])('%s is sent whole', async (_, texts, sizeBytes, whole) => {
  expect(await sendWhole('d/a', chunks(...texts), { sizeBytes }, asText)).toBe(whole);
});

test.each([
  ['fewer', ['ab'], 3],
  ['more in one chunk', ['abcd'], 3],
  ['more in another chunk', ['abc', 'd'], 3],
])('%s bytes than were said are never acknowledged', async (_, texts, sizeBytes) => {
  const sent = sendWhole('d/a', chunks(...texts), { sizeBytes }, asText);
  await expect(sent).rejects.toMatchObject({ kind: 'corrupt' });
});

test('a chunk of the size that was said is sent as it is', async () => {
  const chunk = Buffer.from('abc');
  const same = async (bytes: Uint8Array) => bytes === chunk;
  async function* one(): AsyncGenerator<Uint8Array> {
    yield chunk;
  }
  expect(await sendWhole('d/a', one(), { sizeBytes: 3 }, same)).toBe(true);
});
