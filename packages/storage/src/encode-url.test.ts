import { expect, test } from '@jest/globals';
import { encodePath, encodeQuery } from './encode-url.js';

test('all but unreserved characters and the slashes of a key are encoded', () => {
  expect(encodePath("a b/!'()*/é~_.-/%")).toBe('a%20b/%21%27%28%29%2A/%C3%A9~_.-/%25');
});

test('a query is in the order of its names, whatever their values', () => {
  expect(encodeQuery({ b: '1', 'a/': 'x y', B: '' })).toBe('B=&a%2F=x%20y&b=1');
});
