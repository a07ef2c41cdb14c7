import { describe, expect, test } from '@jest/globals';
import { parseOptions } from './options.js';

describe('the options of npm run conformance', () => {
  test.each([
    ['nothing', [], { only: [], quick: false, keep: false, help: false }],
    ['two suites in one word', ['--only', 'own,v2'], { only: ['own', 'v2'] }],
    ['two suites in two words', ['--only', 'own', '--only', 'v2', '--quick'], { only: ['own', 'v2'], quick: true }],
    [
      'a registry that runs',
      ['--url', 'http://127.0.0.1:5001/'],
      { running: { url: 'http://127.0.0.1:5001', automaticMount: false } },
    ],
    ['a bucket', ['--storage', 's3://b/p'], { storage: 's3://b/p', roundRobin: false }],
    ['processes on it', ['--storage', 'versitygw', '--round-robin'], { storage: 'versitygw', roundRobin: true }],
    [
      'redirects',
      ['--storage', 'versitygw', '--redirects'],
      { redirects: true, storage: 'versitygw', only: ['module', 'v1', 'v2'] },
    ],
    [
      'one that answers automatic mounts',
      ['--url', 'https://r.example', '--automatic-mount', 'on'],
      { running: { url: 'https://r.example', automaticMount: true } },
    ],
  ])('take %s', (_what, args, options) => {
    expect(parseOptions(args)).toMatchObject(options);
  });

  test.each([
    ['a suite there is not', ['--only', 'v3'], 'no suite is named "v3"; there are own, module, v1, v2'],
    ['another word for on', ['--url', 'http://r', '--automatic-mount', 'yes'], '--automatic-mount is on or off'],
    ['a setting of nothing', ['--automatic-mount', 'on'], '--automatic-mount tells of the registry that --url names'],
    [
      'storage of a registry that runs',
      ['--url', 'http://r', '--storage', 's3://b'],
      '--url names a registry that has its storage already',
    ],
    [
      'processes that share a folder',
      ['--round-robin'],
      expect.stringContaining('--round-robin takes --storage with a bucket'),
    ],
    ['redirects to a folder', ['--redirects'], "--redirects takes --storage, and is not for Atoll's own suite"],
    ['a host without a scheme', ['--url', 'localhost:5000'], '--url takes http://HOST:PORT, not localhost:5000'],
    ['a path', ['--url', 'http://r/v2'], '--url takes http://HOST:PORT, not http://r/v2'],
    ['an option there is not', ['--fast'], expect.stringContaining('--fast')],
  ])('refuse %s', (_what, args, message) => {
    expect(() => parseOptions(args)).toThrow(expect.objectContaining({ message }));
  });
});
