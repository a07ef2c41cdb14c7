import { describe, expect, test } from '@jest/globals';
import { redirectRule, redirectsFor } from './redirects.js';

describe('the rule of redirects', () => {
  test.each([
    ['on', { on: true, except: [] }],
    ['off', { on: false, except: [] }],
    ['on except 10.0.0.0/8,fd00::/8', { on: true, except: ['10.0.0.0/8', 'fd00::/8'] }],
    ['off except 203.0.113.7', { on: false, except: ['203.0.113.7'] }],
    ['on except 10.0.0.0/8, ::1', { on: true, except: ['10.0.0.0/8', '::1'] }],
  ])('%s is understood', (text, rule) => {
    expect(redirectRule.parse(text)).toEqual(rule);
  });

  test.each([
    ['yes', 'must be on, off, or'],
    ['', 'must be on, off, or'],
    ['on except', 'must be on, off, or'],
    ['10.0.0.0/8=off', 'must be on, off, or'],
    ['on except 10.0.0.0/33', 'names "10.0.0.0/33", which is no address or CIDR range'],
    ['on except fd00::/129', 'names "fd00::/129"'],
    ['on except example.com', 'names "example.com"'],
    ['off except 10.0.0/8', 'names "10.0.0/8"'],
  ])('%s is refused', (text, sentence) => {
    expect(redirectRule.safeParse(text).error?.issues[0]?.message).toContain(sentence);
  });
});

describe('who is sent to the store', () => {
  test.each([
    ['on', '192.0.2.1', true],
    ['on', undefined, true],
    ['off', '192.0.2.1', false],
    ['on except 10.0.0.0/8', '10.1.2.3', false],
    ['on except 10.0.0.0/8', '::ffff:10.1.2.3', false],
    ['on except 10.0.0.0/8', '11.1.2.3', true],
    ['on except 10.0.0.0/8', undefined, false],
    ['on except fd00::/8', 'fd12::1', false],
    ['on except fd00::/8', 'fe80::1', true],
    ['off except 203.0.113.7', '203.0.113.7', true],
    ['off except 203.0.113.7', '203.0.113.8', false],
    ['off except 203.0.113.7', undefined, false],
  ])('%s, for %s: %s', (text, address, sent) => {
    expect(redirectsFor(redirectRule.parse(text))(address)).toBe(sent);
  });
});
