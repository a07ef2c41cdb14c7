import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { runCommandLine } from './command-line.js';

async function atoll(args: readonly string[], env: Record<string, string> = {}) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const status = await runCommandLine(args, { env, stdout, stderr });
  return { status, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

describe('the command line', () => {
  test.each([
    [['--help']],
    [['up', '--help']],
    [['serve', '--help']],
    [['work', '--help']],
    [['status', '--help']],
    [['help', 'up']],
  ])('explains itself with %j', async (args) => {
    expect(await atoll(args)).toEqual({ status: 0, stdout: expect.stringContaining('Usage: atoll'), stderr: '' });
  });

  test('lists every setting with help config', async () => {
    const { status, stdout } = await atoll(['help', 'config']);
    expect(status).toBe(0);
    expect(stdout).toContain('ATOLL_PORT (5000)\n');
  });

  test.each([
    ['no command', [], {}, 'Usage: atoll'],
    ['an unknown command', ['upp'], {}, "error: unknown command 'upp'"],
    ['an unknown option', ['up', '--ports', '1'], {}, "error: unknown option '--ports'"],
    ['an unknown topic', ['help', 'x'], {}, 'error: there is no command "x"'],
    [
      'an option with a bad value',
      ['up', '--region', 'eu'],
      {},
      'atoll: the configuration has a fault:\n  --region "eu" is not',
    ],
    ['a bad setting', ['up'], { ATOLL_PORT: 'x' }, 'atoll: the configuration has a fault:\n  ATOLL_PORT must be'],
    [
      'an unknown setting',
      ['up'],
      { ATOLL_REGION_S: 'x' },
      'ATOLL_REGION_S is not a setting; did you mean ATOLL_REGION',
    ],
    ['serve without a region', ['serve'], {}, '  ATOLL_REGION must be set\n  ATOLL_STORAGE must be set\n'],
    [
      'work on a cloud',
      ['work'],
      { ATOLL_REGION: 'eu', ATOLL_STORAGE: 'ftp://b' },
      'ATOLL_STORAGE must begin with file://',
    ],
  ])('%s ends with 2 and a sentence', async (_, args, env, sentence) => {
    const { status, stderr } = await atoll(args, env);
    expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringContaining(sentence) });
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
