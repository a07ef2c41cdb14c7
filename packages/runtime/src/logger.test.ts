import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { createLogger, logWith } from './logger.js';
import { currentRequestId, withRequest } from './request-context.js';
import { Secret } from './secret.js';

function logInto(format: 'json' | 'pretty' = 'json') {
  const stream = new PassThrough();
  const written = () => String(stream.read() ?? '');
  return { log: createLogger({ level: 'info', format, stream }), written };
}

describe('a log line', () => {
  test('is one JSON object with a constant message and its facts', () => {
    const { log, written } = logInto();
    log.info('manifest stored', { repository: 'a/b', sizeBytes: 7 });
    const text = written();
    expect(JSON.parse(text)).toEqual({
      level: 'info',
      message: 'manifest stored',
      repository: 'a/b',
      sizeBytes: 7,
      time: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(text.endsWith('}\n')).toBe(true);
  });

  test('carries the request id and the region of its work, through awaits, and only there', async () => {
    const { log, written } = logInto();
    await withRequest({ region: 'eu' }, () =>
      withRequest({ requestId: 'r-1' }, async () => {
        await Promise.resolve();
        log.warn('slow');
        expect(currentRequestId()).toBe('r-1');
      }),
    );
    expect(JSON.parse(written())).toMatchObject({ requestId: 'r-1', region: 'eu' });
    log.warn('slow');
    expect(JSON.parse(written())).not.toHaveProperty('requestId');
  });

  test('cannot be given another level or message by a fact', () => {
    const { log, written } = logInto();
    log.info('stored', { message: 'forged', level: 'error' });
    expect(JSON.parse(written())).toMatchObject({ level: 'info', message: 'stored' });
  });

  test.each([
    ['a header', { headers: { Authorization: 'Bearer hunter2', host: 'h' } }],
    ['a token', { accessToken: 'hunter2' }],
    ['a signature inside a list', { calls: [{ 'X-Amz-Signature': 'hunter2' }] }],
    ['a secret', { queue: new Secret('hunter2') }],
    ['a field of an error', { error: Object.assign(new Error('no'), { password: 'hunter2' }) }],
    ['a signed URL', { url: 'https://b.example/d/1?X-Amz-Signature=hunter2&X-Amz-Expires=60' }],
    ['a password in a URL', { url: 'redis://:hunter2@redis:6379/0' }],
  ])('hides %s', (_, facts) => {
    const { log, written } = logInto();
    log.info('facts', facts);
    const text = written();
    expect(text).not.toContain('hunter2');
    expect(text).toContain('[secret]');
  });

  test('spells out an error and its cause', () => {
    const { log, written } = logInto();
    log.error('failed', { error: new Error('outer', { cause: new RangeError('inner') }) });
    const line: unknown = JSON.parse(written());
    expect(line).toMatchObject({ error: { message: 'outer', cause: { name: 'RangeError', message: 'inner' } } });
  });

  test('survives facts that JSON cannot hold', () => {
    const { log, written } = logInto();
    const loop: Record<string, unknown> = { sizeBytes: 3n, names: new Set(['a']), sizes: new Map([['a', 1]]) };
    loop.self = loop;
    log.info('odd', loop);
    expect(JSON.parse(written())).toMatchObject({ sizeBytes: '3', names: ['a'], sizes: { a: 1 } });
  });

  test('carries the facts its logger was given', () => {
    const { log, written } = logInto();
    logWith(log, { region: 'eu', size: 1 }).error('failed', { size: 2 });
    expect(JSON.parse(written())).toMatchObject({ level: 'error', region: 'eu', size: 2 });
  });

  test('below the level is not written', () => {
    const { log, written } = logInto();
    log.debug('detail');
    expect(written()).toBe('');
  });

  test('is one readable line in the pretty format', () => {
    const { log, written } = logInto('pretty');
    log.warn('slow', { repository: 'a/b', tries: 2 });
    expect(written()).toMatch(/^\d\d:\d\d:\d\d\.\d{3} warn {2}slow repository=a\/b tries=2\n$/);
  });
});
