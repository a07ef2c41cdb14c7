import { expect, test } from '@jest/globals';
import { proxyEnvironment } from './config-proxies.js';

test('proxies are taken by their usual names, and what is empty is none', () => {
  const named = { HTTPS_PROXY: 'http://proxy:3128', no_proxy: '.local' };
  expect(proxyEnvironment({ ...named, HTTP_PROXY: '', PATH: '/bin' })).toEqual(named);
});
