import { inspect } from 'node:util';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { ConfigError } from './config-error.js';
import { describeConfig, loadConfig, loadRegionConfig } from './config.js';
import { configTable } from './config-table.js';

const faultsOf = (env: Record<string, string>, load: (env: NodeJS.ProcessEnv) => unknown = loadConfig) => {
  try {
    load(env);
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.lines;
    throw cause;
  }
  return [];
};

describe('the configuration', () => {
  test('has a default for everything that a region need not choose', () => {
    const config = loadConfig({});
    expect(config.regions).toEqual([
      { region: 'eu', port: 5001 },
      { region: 'us', port: 5002 },
    ]);
    expect(config).toMatchObject({ host: '127.0.0.1', port: 5000, queue: { kind: 'memory' }, dataFolder: '.atoll' });
    expect(config.uploadTtlSeconds).toBe(86_400);
    expect(config.automaticMount).toBe(false);
    expect(config.peers.size).toBe(0);
    expect(config.buckets.size).toBe(0);
  });

  test('reads what is set', () => {
    const config = loadRegionConfig({
      ATOLL_REGION: 'eu-1',
      ATOLL_STORAGE: 'file:///data/eu',
      ATOLL_PEERS: 'us=file:///data/us, ap=file:///data/ap',
      ATOLL_LOG_LEVEL: 'debug',
      ATOLL_MIN_RATE_BYTES: '0',
      ATOLL_AUTOMATIC_MOUNT: 'on',
    });
    expect(config).toMatchObject({
      region: 'eu-1',
      storage: 'file:///data/eu',
      logLevel: 'debug',
      minRateBytesPerSecond: 0,
      automaticMount: true,
    });
    expect([...config.peers]).toEqual([
      ['us', 'file:///data/us'],
      ['ap', 'file:///data/ap'],
    ]);
  });

  test.each([
    ['a number with a unit', { ATOLL_PORT: '80k' }, 'ATOLL_PORT must be a whole number from 0 to 65535'],
    ['a number out of range', { ATOLL_PORT: '65536' }, 'ATOLL_PORT must be a whole number from 0 to 65535'],
    [
      'a negative number',
      { ATOLL_SHUTDOWN_SECONDS: '-1' },
      'ATOLL_SHUTDOWN_SECONDS must be a whole number from 1 to 3600',
    ],
    ['another word for a switch', { ATOLL_AUTOMATIC_MOUNT: 'true' }, 'ATOLL_AUTOMATIC_MOUNT must be on or off'],
    ['an unknown level', { ATOLL_LOG_LEVEL: 'loud' }, 'ATOLL_LOG_LEVEL must be error, warn, info or debug'],
    [
      'a path for a URL',
      { ATOLL_STORAGE: '/data' },
      'ATOLL_STORAGE must be a URL such as file:///var/lib/atoll, not "/data"',
    ],
    ['a cloud nobody knows', { ATOLL_STORAGE: 'ftp://b' }, 'ATOLL_STORAGE must begin with file://'],
    ['a bucket of Google without a name', { ATOLL_STORAGE: 'gs://b' }, 'ATOLL_STORAGE must name a bucket'],
    ['a bucket on S3 with a password', { ATOLL_STORAGE: 's3://a:b@bucket' }, 'ATOLL_STORAGE must hold no credentials'],
    ['an account without a container', { ATOLL_STORAGE: 'az://atolleu' }, 'ATOLL_STORAGE must name a container'],
    [
      'two slashes',
      { ATOLL_STORAGE: 'file://data/eu' },
      'ATOLL_STORAGE must name an absolute folder with three slashes',
    ],
    ['a name with a dot', { ATOLL_REGION: 'eu.1' }, 'ATOLL_REGION must be 1 to 32 of a-z, 0-9 and -'],
    ['a peer without a bucket', { ATOLL_PEERS: 'us' }, 'ATOLL_PEERS "us" is not of the form name=value'],
    ['a peer on a cloud', { ATOLL_PEERS: 'us=gs://b' }, 'ATOLL_PEERS us must name a bucket'],
    ['a peer named twice', { ATOLL_PEERS: 'us=file:///a,us=file:///b' }, 'ATOLL_PEERS us is named twice'],
    [
      'itself as a peer',
      { ATOLL_REGION: 'eu', ATOLL_PEERS: 'eu=file:///a' },
      'ATOLL_PEERS names eu, which is this region',
    ],
    [
      'one bucket for two',
      { ATOLL_STORAGE: 'file:///a', ATOLL_PEERS: 'eu=file:///a' },
      'ATOLL_PEERS gives eu the bucket',
    ],
    [
      'a bucket without a region',
      { ATOLL_BUCKETS: 'ap=file:///a' },
      'ATOLL_BUCKETS names ap, and the regions are eu, us',
    ],
    [
      'one bucket for two regions of up',
      { ATOLL_BUCKETS: 'eu=file:///a,us=file:///a' },
      'ATOLL_BUCKETS gives eu and us the same bucket',
    ],
    ['a bucket that is none', { ATOLL_BUCKETS: 'eu=/a' }, 'ATOLL_BUCKETS eu must be a URL such as file:///var/lib'],
    ['one port for two', { ATOLL_REGIONS: 'eu=1,us=1' }, 'ATOLL_REGIONS gives port 1 to two regions'],
    ['a port that is none', { ATOLL_REGIONS: 'eu=x' }, 'ATOLL_REGIONS eu must be a whole number from 0 to 65535'],
    ['a queue of another kind', { ATOLL_QUEUE: 'amqp://h' }, 'ATOLL_QUEUE must be memory or redis://host:port/db'],
    ['a typing error', { ATOLL_STROAGE: 'x' }, 'ATOLL_STROAGE is not a setting; did you mean ATOLL_STORAGE?'],
    [
      'an unknown name',
      { ATOLL_QUITE_ANOTHER_THING: 'x' },
      'ATOLL_QUITE_ANOTHER_THING is not a setting; `atoll help config`',
    ],
  ])('%s is one fault that says what to write instead', (_, env, fault) => {
    expect(faultsOf(env)).toEqual([expect.stringContaining(fault)]);
  });

  test('all faults are told at once', () => {
    const lines = faultsOf(
      { ATOLL_PORT: 'x', ATOLL_QUEUE: 'x', ATOLL_REGOIN: 'eu', ATOLL_PEERS: 'a,b' },
      loadRegionConfig,
    );
    expect(lines).toHaveLength(7);
    expect(lines.join('\n')).toContain('ATOLL_REGION must be set');
  });

  test('an empty value counts as not set, and names for tests are ignored', () => {
    expect(faultsOf({ ATOLL_STORAGE: '', ATOLL_TEST_REDIS: 'x', PATH: '/bin' })).toEqual([]);
  });

  test('a password in the URL of the queue is not printed', () => {
    const url = 'redis://:hunter2@redis:6379/0';
    const { queue } = loadConfig({ ATOLL_QUEUE: url });
    expect(`${JSON.stringify(queue)} ${inspect(queue)}`).not.toContain('hunter2');
    expect(queue.kind === 'redis' && queue.url.reveal()).toBe(url);
    expect(faultsOf({ ATOLL_QUEUE: 'http://:hunter2@redis' }).join()).not.toContain('hunter2');
  });

  test('is described setting by setting', () => {
    expect(describeConfig()).toContainEqual({ name: 'ATOLL_PORT', preset: '5000', about: expect.any(String) });
    expect(describeConfig()).toContainEqual({ name: 'ATOLL_REGION', about: expect.any(String) });
  });

  test('is the table in the README', async () => {
    const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
    expect(readme).toContain(configTable());
  });
});
