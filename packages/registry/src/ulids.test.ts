import { describe, expect, test } from '@jest/globals';
import { decodeTime } from 'ulid';
import { Ulids } from './ulids.js';

describe('Ulids', () => {
  test('never repeats one, tells its time, and uses every character', () => {
    const ulids = new Ulids();
    const made = Array.from({ length: 20_000 }, () => ulids.next(1_700_000_000_000));
    expect(new Set(made).size).toBe(made.length);
    expect(decodeTime(made[0] ?? '')).toBe(1_700_000_000_000);
    const random = made.map((each) => each.slice(10)).join('');
    expect([...new Set(random)].sort().join('')).toBe('0123456789ABCDEFGHJKMNPQRSTVWXYZ');
  });

  test('sorts by time', () => {
    const ulids = new Ulids();
    expect(ulids.next(2) > ulids.next(1)).toBe(true);
  });
});
