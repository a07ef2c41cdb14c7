import { describe, expect, test } from '@jest/globals';
import { BrokenReply, headerOf, ReplyReader } from './reply-reader.js';

function read(text: string, toHead = false): ReturnType<ReplyReader['next']> {
  const reader = new ReplyReader();
  for (const character of text) reader.push(Buffer.from(character, 'latin1'));
  return reader.next(toHead);
}

describe('ReplyReader', () => {
  test('finds an answer and its body, byte by byte, behind an interim one', () => {
    const reply = read('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP');
    expect([reply?.status, reply?.body.toString()]).toEqual([200, 'hi']);
  });

  test('waits for the rest', () => {
    expect(read('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh')).toBeUndefined();
    expect(read('HTTP/1.1 200 OK\r\nContent-Le')).toBeUndefined();
  });

  test.each([
    ['to a HEAD', 'HTTP/1.1 200 OK\r\nX-Request-Id: x\r\nContent-Length: 9\r\n\r\n', true],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', false],
    ['304', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n', false],
  ])('an answer without a body: %s', (_what, text, toHead) => expect(read(text, toHead)?.body).toHaveLength(0));

  test.each([
    ['no status line', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
    ['a header that is none', 'HTTP/1.1 200 OK\r\nX\r\nContent-Length: 0\r\n\r\n'],
    ['a header with a control character', 'HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n'],
    ['no length', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ])('refuses %s', (_what, text) => expect(() => read(text)).toThrow(BrokenReply));
});

test('headerOf finds a header whatever its case, and only a whole one', () => {
  const head = 'HTTP/1.1 200 OK\r\nX-Length: 1\r\nLENGTH: 2';
  expect([headerOf(head, 'length'), headerOf(head, 'x-length'), headerOf(head, 'ength')]).toEqual([
    '2',
    '1',
    undefined,
  ]);
});
