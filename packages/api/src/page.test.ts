import { expect, test } from '@jest/globals';
import { linkToNext, parsePage } from './page.js';

test.each([
  ['', { after: undefined, limit: 1000 }],
  ['n=0', { after: undefined, limit: 0 }],
  ['n=5&last=v1', { after: 'v1', limit: 5 }],
  ['n=1000000', { after: undefined, limit: 1000 }],
  ['n=99999999999999999999999999', { after: undefined, limit: 1000 }],
  ['last=', { after: undefined, limit: 1000 }],
])('%p', (query, page) => expect(parsePage(new URLSearchParams(query), 1000)).toEqual(page));

test.each(['n=-1', 'n=x', 'n=1.5', 'n=', 'n=1e3', 'n=+1', 'n=0x10', 'n= 1'])('%p is no number of names', (query) => {
  expect(() => parsePage(new URLSearchParams(query), 1000)).toThrow(
    expect.objectContaining({ code: 'PAGINATION_NUMBER_INVALID', status: 400 }),
  );
});

test('values in a link are encoded', () => {
  expect(linkToNext('/v2/_catalog', new URLSearchParams({ n: '2', last: 'a/b>c' }))).toBe(
    '</v2/_catalog?n=2&last=a%2Fb%3Ec>; rel="next"',
  );
});
