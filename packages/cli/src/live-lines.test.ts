import { describe, expect, test } from '@jest/globals';
import { LiveLines } from './live-lines.js';

function screen(isTTY: boolean, columns = 80) {
  const written: string[] = [];
  return { isTTY, columns, written, write: (text: string) => written.push(text) };
}

/** What a terminal shows after these writes, which move up only to clear the line before. */
function shownBy(writes: readonly string[]): string[] {
  const lines: string[] = [''];
  for (const [index, segment] of writes.join('').split('\u001b[1A\u001b[2K').entries()) {
    if (index > 0) lines.splice(-2, 2, '');
    const [same = '', ...next] = segment.split('\n');
    lines.push((lines.pop() ?? '') + same, ...next);
  }
  return lines.slice(0, -1);
}

describe('live lines', () => {
  test('are rewritten in place on a terminal', () => {
    const terminal = screen(true);
    const lines = new LiveLines(terminal);
    for (const [name, line] of [
      ['eu', 'eu 0'],
      ['us', 'us 0'],
      ['eu', 'eu 1'],
      ['us', 'us 2'],
    ] as const)
      lines.set(name, line);
    expect(shownBy(terminal.written)).toEqual(['eu 1', 'us 2']);
  });

  test('stay below what is logged to the same terminal', async () => {
    const terminal = screen(true);
    const lines = new LiveLines(terminal);
    lines.set('eu', 'eu 0');
    const log = lines.above(terminal);
    await new Promise((done) => log.write('a warning\n', done));
    lines.set('eu', 'eu 1');
    expect(shownBy(terminal.written)).toEqual(['a warning', 'eu 1']);
  });

  test('are cut to the width, so that a long one is still one line', () => {
    const terminal = screen(true, 10);
    new LiveLines(terminal).set('eu', 'x'.repeat(20));
    expect(shownBy(terminal.written)).toEqual(['x'.repeat(9)]);
  });

  test('are printed elsewhere only when they change, without any control character', () => {
    const file = screen(false);
    const lines = new LiveLines(file);
    for (const line of ['eu 0', 'eu 0', 'eu 1']) lines.set('eu', line);
    expect(file.written).toEqual(['eu 0\n', 'eu 1\n']);
  });

  test('leave a log that goes elsewhere alone', async () => {
    const [terminal, file] = [screen(true), screen(false)];
    const lines = new LiveLines(terminal);
    lines.set('eu', 'eu 0');
    const before = terminal.written.length;
    await new Promise((done) => lines.above(file).write('a warning\n', done));
    expect(file.written).toEqual(['a warning\n']);
    expect(terminal.written).toHaveLength(before);
  });
});
