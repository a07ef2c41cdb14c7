import { describe, expect, test } from '@jest/globals';
import { refuseFraming } from './framing.js';

const headers = { host: 'r' };
const refusal = expect.objectContaining({ code: 'UNSUPPORTED', status: 400 });

describe('refuseFraming', () => {
  test.each([
    ['another version', { httpVersion: '2.0', headers }],
    ['no version', { httpVersion: '0.9', headers }],
    ['no host', { httpVersion: '1.1', headers: {} }],
    ['a host with a path', { httpVersion: '1.1', headers: { host: 'r/x' } }],
    ['a host with credentials', { httpVersion: '1.1', headers: { host: 'a@r' } }],
    ['two hosts in one', { httpVersion: '1.1', headers: { host: 'a b' } }],
    ['a port that is none', { httpVersion: '1.1', headers: { host: 'r:x' } }],
    ['a coding around chunks', { httpVersion: '1.1', headers: { ...headers, 'transfer-encoding': 'gzip, chunked' } }],
    ['a length beyond 2^53', { httpVersion: '1.1', headers: { ...headers, 'content-length': '9007199254740993' } }],
  ])('%s', (_what, req) => expect(() => refuseFraming(req)).toThrow(refusal));

  test.each([
    ['a plain request', { httpVersion: '1.1', headers }],
    ['HTTP/1.0 without a host', { httpVersion: '1.0', headers: {} }],
    ['a host and its port', { httpVersion: '1.1', headers: { host: 'registry.example_1:5000' } }],
    ['an address and its port', { httpVersion: '1.1', headers: { host: '[fe80::1%25eth0]:5000' } }],
    ['an empty host', { httpVersion: '1.1', headers: { host: '' } }],
    ['chunks in any case', { httpVersion: '1.1', headers: { ...headers, 'transfer-encoding': 'Chunked' } }],
    ['a length', { httpVersion: '1.1', headers: { ...headers, 'content-length': '9007199254740991' } }],
  ])('takes %s', (_what, req) => expect(() => refuseFraming(req)).not.toThrow());
});
