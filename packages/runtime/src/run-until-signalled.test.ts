import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';

const child = fileURLToPath(new URL('testing/signalled-child.mjs', import.meta.url));
const running = new Set<ReturnType<typeof spawn>>();

afterEach(() => {
  for (const process of running) process.kill('SIGKILL');
  running.clear();
});

async function run(plan: string, ...signals: NodeJS.Signals[]) {
  const process = spawn(globalThis.process.execPath, ['--disable-warning=ExperimentalWarning', child, plan], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(process);
  const ended = once(process, 'exit');
  let output = '';
  for await (const chunk of process.stdout) {
    output += String(chunk);
    if (/(ready|draining)\n$/.test(output)) {
      const signal = signals.shift();
      if (signal) process.kill(signal);
    }
  }
  const [status] = (await ended) as [number | null];
  running.delete(process);
  return { status, lines: output.trim().split('\n') };
}

describe('a process that is told to stop', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'closes what it opened in reverse order and ends with 0 on %s',
    async (signal) => {
      expect(await run('clean', signal)).toEqual({
        status: 0,
        lines: ['ready', 'info stopping', 'stop api', 'stop store'],
      });
    },
  );

  test('ends at once with 130 on a second signal', async () => {
    const { status, lines } = await run('slow', 'SIGTERM', 'SIGINT');
    expect(status).toBe(130);
    expect(lines).not.toContain('stop store');
  });

  test('takes one signal that comes twice, as from a terminal and from npm, for one', async () => {
    const { status, lines } = await run('brief', 'SIGINT', 'SIGINT');
    expect({ status, last: lines.at(-1) }).toEqual({ status: 0, last: 'stop store' });
  });

  test('ends with 1 and says so when something hangs', async () => {
    const { status, lines } = await run('hanging', 'SIGTERM');
    expect(status).toBe(1);
    expect(lines.at(-1)).toBe('error stopping took too long');
  });

  test('closes the rest when one thing fails to close, and ends with 1', async () => {
    const { status, lines } = await run('failing', 'SIGTERM');
    expect(status).toBe(1);
    expect(lines).toEqual(['ready', 'info stopping', 'stop api', 'error failed to stop', 'stop store']);
  });

  test('stops what it has opened so far when it is still starting', async () => {
    expect(await run('starting', 'SIGTERM')).toEqual({
      status: 0,
      lines: ['ready', 'info told to stop while starting', 'info stopping', 'stop store'],
    });
  });
});

test('a start that fails closes what was opened and passes the fault on', async () => {
  expect(await run('broken')).toEqual({ status: 7, lines: ['stop store', 'thrown port in use'] });
});
