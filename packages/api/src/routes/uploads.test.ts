import { digestOf, RegistryError } from '@atoll/core';
import { faulty, MemoryStore, StorageError, type Fault } from '@atoll/storage';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AccessRequest } from '../access-request.js';
import { errorRows, Harness, sendChunked, verdict } from '../testing/harness.js';

const FIRST = Buffer.from('0123456789');
const SECOND = Buffer.from('abcdefghij');
const WHOLE = Buffer.concat([FIRST, SECOND]);
const DIGEST = digestOf(WHOLE);
const NOTHING = digestOf('');

let api: Harness;
const plan: Fault[] = [];
beforeAll(async () => void (api = await Harness.start({ store: faulty(new MemoryStore(), plan) })));
afterAll(() => api.stop());

async function contentOf(name: string, digest: string = DIGEST): Promise<string> {
  return (await api.ask('GET', `/v2/${name}/blobs/${digest}`)).body.toString();
}

describe('starting an upload', () => {
  test('POST answers where to go on, on this very host and port', async () => {
    const { status, headers } = await api.ask('POST', '/v2/start/blobs/uploads/');
    expect(status).toBe(202);
    expect(headers.location).toMatch(/^\/v2\/start\/blobs\/uploads\/[A-Za-z0-9._~-]+$/);
    expect(headers).toMatchObject({ range: '0-0', 'content-length': '0' });
    expect(headers['docker-upload-uuid']).not.toBe('');
  });

  test.each(['Content-Length: 0', 'Content-Type: application/json', 'Accept: */*'])('with %s', async (header) => {
    const wire = await api.wire();
    wire.head('POST /v2/start/blobs/uploads/ HTTP/1.1', 'Host: r', header);
    expect((await wire.reply()).status).toBe(202);
    wire.close();
  });

  test.each([
    ['digest-algorithm=sha512', '202'],
    ['digest-algorithm=sha256', '202'],
    ['digest-algorithm=md5', '400 DIGEST_INVALID'],
    [`digest=${DIGEST}`, '202'],
    ['digest=sha256:abc', '400 DIGEST_INVALID'],
    [`digest=${DIGEST}&digest=${DIGEST}`, '400 DIGEST_INVALID'],
    ['unknown=1&state=x', '202'],
  ])('?%s is %s', async (query, expected) => {
    expect(verdict(await api.ask('POST', `/v2/start/blobs/uploads/?${query}`))).toBe(expected);
  });
});

describe('a blob in one request', () => {
  test.each([false, true])('is there at the Location it answers; chunked: %p', async (chunked) => {
    const name = `whole-${chunked}`;
    const reply = await api.ask('POST', `/v2/${name}/blobs/uploads/?digest=${DIGEST}`, { body: WHOLE, chunked });
    expect(reply.status).toBe(201);
    expect(reply.headers).toMatchObject({ location: `/v2/${name}/blobs/${DIGEST}`, 'docker-content-digest': DIGEST });
    expect((await api.ask('GET', reply.headers.location ?? '')).body.equals(WHOLE)).toBe(true);
  });

  test('sha512 works as well', async () => {
    const digest = digestOf(WHOLE, 'sha512');
    expect((await api.ask('POST', `/v2/w/blobs/uploads/?digest=${digest}`, { body: WHOLE })).status).toBe(201);
    expect(await contentOf('w', digest)).toBe(WHOLE.toString());
  });

  test('of other content is refused and not there', async () => {
    const reply = await api.ask('POST', `/v2/liar/blobs/uploads/?digest=${DIGEST}`, { body: 'other' });
    expect(verdict(reply)).toBe('400 DIGEST_INVALID');
    expect((await api.ask('HEAD', `/v2/liar/blobs/${DIGEST}`)).status).toBe(404);
  });

  test.each([false, true])('of no bytes; chunked: %p', async (chunked) => {
    const reply = await api.ask('POST', `/v2/none/blobs/uploads/?digest=${NOTHING}`, { body: '', chunked });
    expect(reply.status).toBe(201);
  });

  test('a chunked body that turns out empty is a plain start', async () => {
    const reply = await api.ask('POST', `/v2/none/blobs/uploads/?digest=${DIGEST}`, { body: '', chunked: true });
    expect(reply.status).toBe(202);
    expect(reply.headers.location).toContain('/v2/none/blobs/uploads/');
  });
});

describe('an upload in requests', () => {
  test('POST, then PUT with everything', async () => {
    const url = await api.startUpload('two');
    const reply = await api.ask('PUT', `${url}?digest=${DIGEST}`, { body: WHOLE });
    expect(reply.status).toBe(201);
    expect(reply.headers.location).toBe(`/v2/two/blobs/${DIGEST}`);
    expect(await contentOf('two')).toBe(WHOLE.toString());
  });

  test('POST, PATCH chunked without a range, PUT without a body', async () => {
    const url = await api.startUpload('docker');
    const patch = await api.ask('PATCH', url, { body: WHOLE, chunked: true });
    expect(patch.status).toBe(202);
    expect(patch.headers).toMatchObject({ range: '0-19', location: url, 'content-length': '0' });
    expect((await api.ask('PUT', `${patch.headers.location}?digest=${DIGEST}`)).status).toBe(201);
    expect(await contentOf('docker')).toBe(WHOLE.toString());
  });

  test.each([
    ['plain', '0-9', '10-19'],
    ['with the unit', 'bytes 0-9', 'bytes 10-19'],
    ['with a total', 'bytes 0-9/20', '10-19/*'],
  ])('chunks with ranges, %s, the last one in the PUT', async (_how, first, second) => {
    const url = await api.startUpload('chunks');
    const patch = await api.ask('PATCH', url, { body: FIRST, headers: { 'Content-Range': first } });
    expect([patch.status, patch.headers.range]).toEqual([202, '0-9']);
    const put = await api.ask('PUT', `${url}?digest=${DIGEST}`, { body: SECOND, headers: { 'Content-Range': second } });
    expect(put.status).toBe(201);
    expect(await contentOf('chunks')).toBe(WHOLE.toString());
  });

  test('one byte at a time', async () => {
    const url = await api.startUpload('bytes');
    for (const byte of FIRST) await api.ask('PATCH', url, { body: Uint8Array.of(byte) });
    expect((await api.ask('PUT', `${url}?digest=${digestOf(FIRST)}`)).status).toBe(201);
  });

  test.each([
    ['PUT at once', ['PUT']],
    ['PATCH and PUT', ['PATCH', 'PUT']],
  ])('no bytes at all: %s', async (_how, methods) => {
    const url = await api.startUpload('nothing');
    const replies = [];
    for (const method of methods) {
      replies.push(await api.ask(method, `${url}?digest=${NOTHING}`, { body: '', chunked: true }));
    }
    expect(replies.at(-1)?.status).toBe(201);
    expect(await contentOf('nothing', NOTHING)).toBe('');
  });

  test('what is there already is no conflict, and a PUT may be repeated', async () => {
    await api.pushBlob('again', WHOLE);
    const url = await api.startUpload('again');
    await api.ask('PATCH', url, { body: WHOLE });
    for (let time = 0; time < 2; time++) {
      expect((await api.ask('PUT', `${url}?digest=${DIGEST}`)).status).toBe(201);
    }
  });

  test('left-over parameters change nothing', async () => {
    const url = await api.startUpload('left');
    const patch = await api.ask('PATCH', `${url}?digest=${NOTHING}&_state=x`, { body: WHOLE });
    expect(patch.status).toBe(202);
    expect((await api.ask('GET', `${url}?digest=sha256:x`)).status).toBe(204);
  });
});

describe('where an upload stands', () => {
  test.each(['GET', 'HEAD'])('%s tells the last byte, from the first Location on', async (method) => {
    const url = await api.startUpload('status');
    const empty = await api.ask(method, url);
    expect(empty.status).toBe(204);
    expect(empty.headers).toMatchObject({ range: '0-0', location: url });
    expect(empty.headers).not.toHaveProperty('content-length');
    await api.ask('PATCH', url, { body: FIRST });
    expect((await api.ask(method, url)).headers.range).toBe('0-9');
  });

  test.each([
    ['ahead', '20-29', SECOND],
    ['the same again', '0-9', FIRST],
    ['overlapping', '5-14', SECOND],
  ])('a chunk that does not follow on is 416, and the upload lives: %s', async (_what, range, body) => {
    for (const method of ['PATCH', 'PUT']) {
      const url = await api.startUpload('order');
      await api.ask('PATCH', url, { body: FIRST, headers: { 'Content-Range': '0-9' } });
      const reply = await api.ask(method, `${url}?digest=${DIGEST}`, { body, headers: { 'Content-Range': range } });
      expect(verdict(reply)).toBe('416 RANGE_INVALID');
      expect(reply.headers).toMatchObject({ location: url, range: '0-9' });
      expect((await api.ask('GET', url)).headers.range).toBe('0-9');
      await api.ask('PATCH', url, { body: SECOND, headers: { 'Content-Range': '10-19' } });
      expect((await api.ask('PUT', `${url}?digest=${DIGEST}`, { body: '' })).status).toBe(201);
    }
  });

  test('a 416 of an upload without bytes tells no range: 0-0 would be one byte', async () => {
    const url = await api.startUpload('empty');
    const reply = await api.ask('PATCH', url, { body: SECOND, headers: { 'Content-Range': '10-19' } });
    expect(reply.status).toBe(416);
    expect(reply.headers.location).toBe(url);
    expect(reply.headers).not.toHaveProperty('range');
  });

  test.each([
    ['backwards', '9-0'],
    ['another length than the body', '0-4'],
    ['no range', 'all of it'],
  ])('a Content-Range that is %s is 400, and the upload lives', async (_what, range) => {
    const url = await api.startUpload('size');
    const reply = await api.ask('PATCH', url, { body: FIRST, headers: { 'Content-Range': range } });
    expect(verdict(reply)).toBe('400 SIZE_INVALID');
    expect((await api.ask('GET', url)).headers.range).toBe('0-0');
  });

  test('a chunked body of another length than its range is 400, and nothing of it is kept', async () => {
    for (const range of ['0-4', '0-99']) {
      const url = await api.startUpload('size');
      const reply = await api.ask('PATCH', url, { body: FIRST, chunked: true, headers: { 'Content-Range': range } });
      expect(verdict(reply)).toBe('400 SIZE_INVALID');
      expect((await api.ask('GET', url)).headers.range).toBe('0-0');
    }
  });
});

describe('ending an upload', () => {
  test.each(['', '?digest=', '?digest=sha256:xyz', `?digest=${DIGEST}&digest=${DIGEST}`])(
    'PUT%s is 400, and the upload lives',
    async (query) => {
      const url = await api.startUpload('end');
      await api.ask('PATCH', url, { body: WHOLE });
      expect(verdict(await api.ask('PUT', `${url}${query}`))).toBe('400 DIGEST_INVALID');
      expect((await api.ask('PUT', `${url}?digest=${DIGEST}`)).status).toBe(201);
    },
  );

  test('a wrong digest ends the upload, and nothing becomes visible', async () => {
    const url = await api.startUpload('wrong');
    await api.ask('PATCH', url, { body: 'other content' });
    expect(verdict(await api.ask('PUT', `${url}?digest=${DIGEST}`))).toBe('400 DIGEST_INVALID');
    for (const digest of [DIGEST, digestOf('other content')]) {
      expect((await api.ask('HEAD', `/v2/wrong/blobs/${digest}`)).status).toBe(404);
    }
    expect(verdict(await api.ask('GET', url))).toBe('404 BLOB_UPLOAD_UNKNOWN');
  });

  test('DELETE gives it up: 204, and it is unknown', async () => {
    const url = await api.startUpload('gone');
    await api.ask('PATCH', url, { body: FIRST });
    const { status, headers } = await api.ask('DELETE', url);
    expect(status).toBe(204);
    expect(headers).not.toHaveProperty('content-length');
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      expect(verdict(await api.ask(method, url, method === 'PATCH' ? { body: FIRST } : {}))).toBe(
        '404 BLOB_UPLOAD_UNKNOWN',
      );
    }
  });

  test('the upload of one repository is unknown in another', async () => {
    const url = await api.startUpload('mine');
    const other = url.replace('/mine/', '/theirs/');
    for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
      const sent = method === 'PATCH' || method === 'PUT' ? { body: WHOLE } : {};
      expect(verdict(await api.ask(method, `${other}?digest=${DIGEST}`, sent))).toBe('404 BLOB_UPLOAD_UNKNOWN');
    }
  });

  test.each(['x', '..', '%2e%2e', 'a.b.c', '0'.repeat(5000)])('no upload has the id %.10s', async (id) => {
    expect(verdict(await api.ask('GET', `/v2/mine/blobs/uploads/${id}`))).toBe('404 BLOB_UPLOAD_UNKNOWN');
  });
});

describe('mounting', () => {
  const mount = (query: string) => api.ask('POST', `/v2/target/blobs/uploads/?${query}`);

  test('a blob of another repository is there without being sent', async () => {
    await api.pushBlob('source', WHOLE);
    const reply = await mount(`mount=${DIGEST}&from=source&origin=registry`);
    expect(reply.status).toBe(201);
    expect(reply.headers).toMatchObject({ location: `/v2/target/blobs/${DIGEST}`, 'docker-content-digest': DIGEST });
    expect(await contentOf('target')).toBe(WHOLE.toString());
    expect((await mount(`mount=${DIGEST}&from=nowhere`)).status).toBe(201);
  });

  test.each([
    ['a digest nobody has', `mount=${digestOf('x')}&from=source`],
    ['no source', `mount=${digestOf('x')}`],
    ['a source that cannot be', `mount=${digestOf('x')}&from=NOT%20a%20name`],
    ['an escaped climb', `mount=${digestOf('x')}&from=..%2f..`],
    ['a digest that cannot be', 'mount=sha256:x&from=source'],
    ['nothing', 'mount=&from='],
  ])('%s is an upload', async (_what, query) => {
    const reply = await mount(query);
    expect(reply.status).toBe(202);
    expect(reply.headers.location).toMatch(/^\/v2\/target\/blobs\/uploads\//);
  });

  test('a blob that others have is not found without naming them', async () => {
    const digest = await api.pushBlob('somewhere', 'private content');
    expect((await mount(`mount=${digest}`)).status).toBe(202);
    expect((await api.ask('HEAD', `/v2/target/blobs/${digest}`)).status).toBe(404);
  });

  test('a store that fails at the moment is an upload, and a line in the log', async () => {
    plan.push({ op: 'get', key: 'l/', when: 'before' });
    const reply = await mount(`mount=${DIGEST}&from=source`);
    plan.length = 0;
    expect(reply.status).toBe(202);
    expect(api.log.of('mount failed')).toHaveLength(1);
  });

  test('a parameter given twice is refused', async () => {
    expect(verdict(await mount(`mount=${DIGEST}&mount=${DIGEST}`))).toBe('400 DIGEST_INVALID');
    expect(verdict(await mount(`mount=${DIGEST}&from=a&from=b`))).toBe('400 NAME_INVALID');
  });
});

describe('mounting what the client may not pull', () => {
  let guarded: Harness;
  const asked: AccessRequest[] = [];
  const authorize = async (request: AccessRequest): Promise<void> => {
    asked.push(request);
    if (request.action !== 'pull') return;
    if (request.repository === 'secret') throw new RegistryError('DENIED', 'not yours');
    if (request.repository === 'unsure') throw new RegistryError('UNAVAILABLE', 'nobody knows');
  };
  beforeAll(async () => {
    guarded = await Harness.start({ automaticMount: true, authorize });
    for (const [repository, content] of Object.entries({ open: 'o', secret: 's', unsure: 'u' })) {
      await guarded.pushBlob(repository, content);
    }
  });
  afterAll(() => guarded.stop());

  test.each([
    ['a source that may be pulled', 'o', '&from=open', 201],
    ['a source that may not', 's', '&from=secret', 202],
    ['a source of which nobody knows', 'u', '&from=unsure', 202],
    ['no source, where the one that is known may be pulled', 'o', '', 201],
    ['no source, where the one that is known may not', 's', '', 202],
    ['no source, where nobody knows', 'u', '', 202],
  ])('%s', async (_what, content, from, status) => {
    const target = `target${asked.length}`;
    const digest = digestOf(content);
    const headers = { Authorization: 'Bearer t' };
    const reply = await guarded.ask('POST', `/v2/${target}/blobs/uploads/?mount=${digest}${from}`, { headers });
    expect(reply.status).toBe(status);
    expect(asked.at(-1)).toMatchObject({ action: 'pull', authorization: 'Bearer t' });
    const seen = await guarded.ask('HEAD', `/v2/${target}/blobs/${digest}`);
    expect(seen.status).toBe(status === 201 ? 200 : 404);
  });

  test('what the target has already needs no source', async () => {
    const digest = await guarded.pushBlob('mine', 's');
    const reply = await guarded.ask('POST', `/v2/mine/blobs/uploads/?mount=${digest}&from=secret`);
    expect(reply.status).toBe(201);
  });

  test('a refusal is a line in the log', () => {
    expect(guarded.log.of('mount refused')).toHaveLength(2);
    expect(guarded.log.of('mount failed')).toHaveLength(2);
  });
});

describe('mounting without naming a source, where that is switched on', () => {
  let open: Harness;
  beforeAll(async () => void (open = await Harness.start({ automaticMount: true })));
  afterAll(() => open.stop());
  const mount = (name: string, digest: string) => open.ask('POST', `/v2/${name}/blobs/uploads/?mount=${digest}`);

  test('a blob that another repository has is there without being sent', async () => {
    const digest = await open.pushBlob('first', 'shared');
    const reply = await mount('second', digest);
    expect(reply.status).toBe(201);
    expect(reply.headers).toMatchObject({ location: `/v2/second/blobs/${digest}`, 'docker-content-digest': digest });
    expect((await open.ask('GET', `/v2/second/blobs/${digest}`)).body.toString()).toBe('shared');
    expect((await mount('second', digest)).status).toBe(201);
  });

  test('a blob that no repository has any more is an upload, and can be found again once it was sent', async () => {
    const digest = await open.pushBlob('gone', 'comes and goes');
    await open.ask('DELETE', `/v2/gone/blobs/${digest}`);
    const reply = await mount('curious', digest);
    expect(reply.status).toBe(202);
    expect((await open.ask('HEAD', `/v2/curious/blobs/${digest}`)).status).toBe(404);
    const end = await open.ask('PUT', `${reply.headers.location}?digest=${digest}`, { body: 'comes and goes' });
    expect(end.status).toBe(201);
    expect((await mount('later', digest)).status).toBe(201);
  });

  test.each([
    ['a digest nobody has', digestOf('nobody has this')],
    ['a digest that cannot be', 'sha256:x'],
    ['nothing', ''],
  ])('%s is an upload', async (_what, digest) => {
    expect((await mount('empty', digest)).status).toBe(202);
  });
});

describe('a connection that breaks', () => {
  test('what had arrived is kept, and the upload goes on from there', async () => {
    const url = await api.startUpload('cut');
    const wire = await api.wire();
    wire.head(`PATCH ${url} HTTP/1.1`, 'Host: r', 'Transfer-Encoding: chunked');
    sendChunked(wire, FIRST, false);
    await until(async () => (await api.ask('GET', url)).status === 204);
    wire.socket.end();
    await until(async () => (await api.ask('GET', url)).headers.range === '0-9');
    const reply = await api.ask('PATCH', url, { body: SECOND, headers: { 'Content-Range': '10-19' } });
    expect(reply.status).toBe(202);
    expect((await api.ask('PUT', `${url}?digest=${DIGEST}`)).status).toBe(201);
  });

  test('a PUT that breaks makes nothing visible', async () => {
    const url = await api.startUpload('cut-put');
    const wire = await api.wire();
    wire.head(`PUT ${url}?digest=${digestOf(FIRST)} HTTP/1.1`, 'Host: r', 'Content-Length: 20').send(FIRST);
    const lines = api.log.of('request served').length;
    wire.close();
    await until(async () => api.log.of('request served').length > lines);
    expect(api.log.of('request served').at(-1)?.facts).toMatchObject({ aborted: true, route: 'upload' });
    expect((await api.ask('HEAD', `/v2/cut-put/blobs/${digestOf(FIRST)}`)).status).toBe(404);
    expect(api.log.of('request failed')).toEqual([]);
  });
});

describe('a store without room', () => {
  test.each([
    ['full', "this region's storage is full"],
    ['read-only', 'takes no writes'],
    ['denied', 'does not answer'],
  ] as const)('%s is 503 with a sentence, and nothing is visible', async (kind, sentence) => {
    plan.push({
      op: ['put', 'putData', 'writePart'],
      when: 'before',
      error: () => new StorageError(kind, 'ENOSPC /data'),
    });
    const reply = await api.ask('POST', `/v2/room/blobs/uploads/?digest=${DIGEST}`, { body: WHOLE });
    plan.length = 0;
    expect(verdict(reply)).toBe('503 UNAVAILABLE');
    expect(errorRows(reply)[0]?.message).toContain(sentence);
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
    expect((await api.ask('HEAD', `/v2/room/blobs/${DIGEST}`)).status).toBe(404);
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
