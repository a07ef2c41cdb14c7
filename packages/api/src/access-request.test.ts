import { expect, test } from '@jest/globals';
import { accessRequestOf } from './access-request.js';
import { matchRoute } from './route.js';

test.each([
  ['GET', '/healthz', undefined],
  ['GET', '/readyz', undefined],
  ['GET', '/v2/', { action: 'ping' }],
  ['GET', '/v2/_catalog', { action: 'catalog' }],
  ['HEAD', '/v2/a/blobs/x', { action: 'pull', repository: 'a' }],
  ['GET', '/v2/a/tags/list', { action: 'pull', repository: 'a' }],
  ['GET', '/v2/a/referrers/x', { action: 'pull', repository: 'a' }],
  ['PUT', '/v2/a/manifests/x', { action: 'push', repository: 'a' }],
  ['DELETE', '/v2/a/manifests/x', { action: 'delete', repository: 'a' }],
  ['DELETE', '/v2/a/blobs/x', { action: 'delete', repository: 'a' }],
  ['POST', '/v2/a/blobs/uploads/', { action: 'push', repository: 'a' }],
  ['POST', '/v2/a/blobs/uploads/?mount=d&from=b/c', { action: 'push', repository: 'a', mountFrom: 'b/c' }],
  ['POST', '/v2/a/blobs/uploads/?mount=d&from=B', { action: 'push', repository: 'a' }],
  ['POST', '/v2/a/blobs/uploads/?from=b', { action: 'push', repository: 'a' }],
  ['GET', '/v2/a/blobs/uploads/x', { action: 'push', repository: 'a' }],
  ['DELETE', '/v2/a/blobs/uploads/x', { action: 'push', repository: 'a' }],
])('%s %s', (method, url, expected) => {
  const match = matchRoute(url, method);
  expect(accessRequestOf(match, new URLSearchParams(match.query))).toEqual(expected);
});
