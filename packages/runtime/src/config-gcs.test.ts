import { expect, test } from '@jest/globals';
import { gcsEnvironment } from './config-gcs.js';

test('nothing in the environment leaves it to the identity of the process', () => {
  expect(gcsEnvironment({ GOOGLE_APPLICATION_CREDENTIALS: '', HTTPS_PROXY: '' })).toEqual({ proxies: {} });
});

test('a file of credentials and proxies are taken by their usual names', () => {
  const env = { GOOGLE_APPLICATION_CREDENTIALS: '/run/key.json', HTTPS_PROXY: 'http://proxy:3128', no_proxy: '.local' };
  expect(gcsEnvironment({ ...env, PATH: '/bin' })).toEqual({
    credentials: { file: '/run/key.json' },
    proxies: { HTTPS_PROXY: 'http://proxy:3128', no_proxy: '.local' },
  });
});
