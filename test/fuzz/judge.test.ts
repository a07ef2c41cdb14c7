import { describe, expect, test } from '@jest/globals';
import { faultOf, SMUGGLED, type Expected } from './judge.js';
import type { Reply } from './reply-reader.js';

const COMMON = ['Docker-Distribution-Api-Version: registry/2.0', 'X-Content-Type-Options: nosniff'];
const ERROR = { errors: [{ code: 'NAME_INVALID', message: 'this is no name of a repository' }] };

function reply(status: number, { id = 'a.0', json = '', lines = COMMON } = {}): Reply {
  const type = status >= 400 ? ['Content-Type: application/json'] : [];
  const head = [`HTTP/1.1 ${status} Any`, `X-Request-Id: ${id}`, ...lines, ...type].join('\r\n');
  return { status, head, body: Buffer.from(json) };
}

function says(message: string): string {
  return JSON.stringify({ errors: [{ code: 'UNKNOWN', message }] });
}

describe('faultOf', () => {
  test.each<[string, Reply, Expected]>([
    ['an answer', reply(200), { id: 'a.0' }],
    ['an answer that was wanted', reply(200), { id: 'a.0', wanted: [200, 201] }],
    ['the bytes that were pushed', reply(200, { json: 'x' }), { body: Buffer.from('x') }],
    ['an error in its form', reply(400, { json: JSON.stringify(ERROR) }), { id: 'a.0' }],
    ['an error without a body, to a HEAD', reply(404), { toHead: true }],
  ])('takes %s', (_what, good, expected) => expect(faultOf(good, expected)).toBeUndefined());

  test.each<[string, Reply, Expected, RegExp]>([
    ['a fault of the server', reply(500, { json: says('internal error') }), {}, /status 500/],
    ['the answer to another request', reply(200, { id: 'a.1' }), { id: 'a.0' }, /in place of/],
    ['a request out of a body', reply(200, { id: `${SMUGGLED}.1` }), {}, /executed/],
    ['another status', reply(404, { json: JSON.stringify(ERROR) }), { wanted: [200] }, /not 200/],
    ['other bytes', reply(200, { json: 'y' }), { body: Buffer.from('x') }, /bytes/],
    ['an answer that may be sniffed', reply(200, { lines: COMMON.slice(0, 1) }), {}, /nosniff/],
    ['an error without a body', reply(400), {}, /form/],
    ['an error that is no JSON', reply(400, { json: '<html>' }), {}, /form/],
    ['an error without rows', reply(400, { json: '{"errors":[]}' }), {}, /form/],
    ['a stack', reply(400, { json: says('Error: x\n    at f (file.js:1:1)') }), {}, /insides/],
    ['a path of ours', reply(400, { json: says('cannot read /srv/atoll/packages/api/src') }), {}, /insides/],
    ['an error of the disk', reply(400, { json: says('ENOENT: no such file or directory') }), {}, /insides/],
  ])('finds %s', (_what, bad, expected, fault) => expect(faultOf(bad, expected)).toMatch(fault));
});
