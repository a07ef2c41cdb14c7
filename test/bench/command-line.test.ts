import { describe, expect, test } from '@jest/globals';
import { readOptions } from './command-line.js';

const KNOWN = ['protocol', 'blobs'];

test('without a name everything is run, each with the rounds it has by default', () => {
  expect(readOptions([], KNOWN)).toMatchObject({ names: KNOWN, small: false });
  expect(readOptions([], KNOWN)).not.toHaveProperty('rounds');
});

test('registries are named with a URL, or a command that may hold an equals sign', () => {
  const options = readOptions(['protocol', '--peer', 'a=http://h:1', '--peer', 'b=run --port={port}'], KNOWN);
  expect(options).toMatchObject({
    peers: new Map([
      ['a', 'http://h:1'],
      ['b', 'run --port={port}'],
    ]),
  });
});

test('help is all there is when it is asked for', () => {
  expect(readOptions(['protocol', '--help'], KNOWN)).toBe('help');
});

describe('wrong use is refused:', () => {
  test.each([
    ['an unknown name', ['speed'], 'no bench named speed'],
    ['no rounds', ['--rounds', '0'], '--rounds takes'],
    ['a peer without a URL', ['--peer', 'zot'], '--peer takes'],
    ['a peer without a name', ['--peer', '=http://h'], '--peer takes'],
    ['an unknown option', ['--fast'], '--fast'],
  ])('%s', (_, args, message) => {
    expect(() => readOptions(args, KNOWN)).toThrow(message);
  });
});
