import { expect, test } from '@jest/globals';
import { refuseDuplicates } from './duplicate-headers.js';

test.each(['Content-Range', 'content-type', 'RANGE', 'Authorization', 'If-Range', 'hOST'])(
  '%s twice is refused',
  (name) => {
    expect(() => refuseDuplicates(['Cookie', 'x', name, 'a', 'Accept', '*/*', name.toLowerCase(), 'a'])).toThrow(
      expect.objectContaining({ code: 'UNSUPPORTED', status: 400 }),
    );
  },
);

test('others may repeat, and each may be there once', () => {
  refuseDuplicates([
    'Accept',
    'a',
    'Accept',
    'b',
    'Range',
    'bytes=0-',
    'Content-Type',
    'x',
    'Etags',
    'x',
    'Etags',
    'y',
  ]);
  refuseDuplicates([]);
});
