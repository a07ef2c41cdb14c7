import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { tarOf } from './tar.js';

const FILES = [
  { name: 'payload', content: Buffer.from('hello\n'), mode: 0o755 },
  { name: 'empty', content: Buffer.of() },
  { name: 'block', content: Buffer.alloc(512, 'x') },
];

test('what is archived is read by tar, with its names, sizes and modes', () => {
  const listed = execFileSync('tar', ['-tvf', '-'], { input: tarOf(FILES), encoding: 'utf8' });
  expect(listed.split('\n').map((line) => line.split(/\s+/).filter((_, at) => [0, 2, 5].includes(at)))).toEqual([
    ['-rwxr-xr-x', '6', 'payload'],
    ['-rw-r--r--', '0', 'empty'],
    ['-rw-r--r--', '512', 'block'],
    [''],
  ]);
  expect(execFileSync('tar', ['-xOf', '-', 'payload'], { input: tarOf(FILES), encoding: 'utf8' })).toBe('hello\n');
});

test('the same files are the same bytes', () => {
  expect(tarOf(FILES).equals(tarOf(FILES))).toBe(true);
});
