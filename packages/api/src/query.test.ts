import { expect, test } from '@jest/globals';
import { parseQuery } from './query.js';

test.each([
  ['digest=a&digest=b', 'DIGEST_INVALID'],
  ['mount=a&from=b&mount=a', 'DIGEST_INVALID'],
  ['from=a&from=b', 'NAME_INVALID'],
  ['n=1&n=1', 'PAGINATION_NUMBER_INVALID'],
  ['last=a&n=1&last=', 'PAGINATION_NUMBER_INVALID'],
  ['digest=a&dig%65st=b', 'DIGEST_INVALID'],
])('%s is refused', (text, code) => {
  expect(() => parseQuery(text)).toThrow(expect.objectContaining({ code }));
});

test.each(['', 'digest=a', 'tag=a&tag=b', 'artifactType=a&artifactType=b', 'ns=x&ns=y', '&&&=', '%', '%zz=%'])(
  '%p is taken',
  (text) => expect(parseQuery(text)).toBeInstanceOf(URLSearchParams),
);
