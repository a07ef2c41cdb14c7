import { inspect } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { isStorageError } from '@atoll/storage';
import type { AzureStore } from './azure-store.js';
import { refusal, SCRIPTED_KEY, ScriptedServer, type Reply, type Script } from './testing/scripted-server.js';

const ABSENT = refusal(404, 'BlobNotFound');
const STORED: Reply = { status: 201, headers: { etag: '"0x1"', 'last-modified': 'Sun, 22 Nov 2026 12:00:00 GMT' } };

let server: ScriptedServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function serve(script: Script): Promise<ScriptedServer> {
  return (server = await ScriptedServer.start(script));
}

async function* oneChunk(sizeBytes: number): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(sizeBytes);
}

async function failureOfGet(reply: Reply): Promise<unknown> {
  const store = (await serve(() => reply)).open();
  return store.get('x/a').then(
    () => undefined,
    (cause: unknown) => cause,
  );
}

test.each([
  [403, 'AuthenticationFailed', 'denied', 'does not accept the credentials'],
  [403, 'AuthorizationPermissionMismatch', 'denied', 'the identity may not read blobs: it needs'],
  [403, 'AuthorizationFailure', 'denied', 'firewall'],
  [403, 'KeyBasedAuthenticationNotPermitted', 'denied', 'use an identity'],
  [404, 'ContainerNotFound', 'unavailable', 'there is no such container'],
  [409, 'BlobImmutableDueToPolicy', 'denied', 'keeps blobs from being changed or deleted'],
  [403, 'AccountIsDisabled', 'denied', 'the storage account is disabled'],
  [403, 'AuthorizationSourceIPMismatch', 'denied', 'other addresses than this machine has'],
  [409, 'BlobArchived', 'unavailable', 'archive tier'],
  [409, 'InvalidBlobType', 'corrupt', 'no block blob'],
  [500, 'InternalError', 'unavailable', 'an error of its own'],
  [503, 'ServerBusy', 'unavailable', 'fewer requests'],
  [429, 'TooManyRequests', 'unavailable', 'fewer requests'],
  [400, 'InvalidHeaderValue', 'unsupported', 'refuses the request'],
])('%i %s is told as %s', async (status, code, kind, sentence) => {
  const failure = await failureOfGet(refusal(status, code));
  expect(isStorageError(failure) && failure.kind).toBe(kind);
  expect(String(failure)).toContain(sentence);
  expect(String(failure)).toContain(`(${code}, HTTP ${status}, request request-1)`);
});

test('what concerns the whole store names no key, what concerns one blob does', async () => {
  expect(await failureOfGet(refusal(404, 'ContainerNotFound'))).not.toHaveProperty('more.key');
  await server?.stop();
  expect(await failureOfGet(refusal(409, 'BlobArchived'))).toHaveProperty('more.key', 'x/a');
});

test('a 404 that does not say what is missing is not an absent object', async () => {
  const failure = await failureOfGet({ status: 404, body: '<html>no such page</html>' });
  expect(failure).toMatchObject({ kind: 'unavailable' });
  expect(String(failure)).toContain('what answers there is no Azure Blob Storage');
});

const PAGE: Reply = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>sign in, please</html>' };

test.each<[string, (store: AzureStore) => Promise<unknown>]>([
  ['a read', (store) => store.get('x/a')],
  ['a head', (store) => store.head('x/a')],
  ['a list', (store) => store.list('x/', { limit: 5 })],
  ['a write', (store) => store.put('x/a', Buffer.from('x'), { ifAbsent: true })],
  ['a data object', (store) => store.putData('d/a', oneChunk(9_000_000))],
])('a page that something in between answers with is not taken for the answer to %s', async (_, call) => {
  const store = (await serve(() => PAGE)).open();
  const failure = await call(store).catch((cause: unknown) => cause);
  expect(failure).toMatchObject({ kind: 'unavailable' });
  expect(String(failure)).toContain('what answers there is no Azure Blob Storage');
});

test('an error holds neither the key nor what was signed with it', async () => {
  const failure = await failureOfGet(refusal(403, 'AuthenticationFailed'));
  const told = inspect(failure, { depth: 20, showHidden: true });
  expect(told).toContain('AuthenticationFailed');
  expect(told).not.toContain(SCRIPTED_KEY);
  expect(told).not.toContain('SharedKey');
});

test('what is refused for good is asked for once', async () => {
  const { asked } = await serve(() => refusal(403, 'AuthorizationPermissionMismatch'));
  await expect(server?.open().head('x/a')).rejects.toMatchObject({ kind: 'denied' });
  expect(asked).toHaveLength(1);
});

test.each([
  ['503 ServerBusy', refusal(503, 'ServerBusy')],
  ['429', refusal(429, 'TooManyRequests')],
  ['500 OperationTimedOut', refusal(500, 'OperationTimedOut')],
])('a conditional put goes through when %s passes, and the SDK sends nothing by itself', async (_, reply) => {
  const { asked } = await serve(({ method }, nth) => (method === 'HEAD' ? ABSENT : nth < 4 ? reply : STORED));
  const outcome = await server?.open().put('x/a', Buffer.from('hello'), { ifAbsent: true });
  expect(outcome).toEqual({ version: '0x1' });
  expect(asked.map(({ method }) => method)).toEqual(['HEAD', 'PUT', 'PUT', 'PUT']);
});

test('Retry-After is the least that is waited', async () => {
  const busy = refusal(503, 'ServerBusy', { 'retry-after': '1' });
  const { asked } = await serve((_, nth) => (nth === 1 ? busy : ABSENT));
  expect(await server?.open().head('x/a')).toBeUndefined();
  const [first, second] = asked;
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990);
});

test('a Retry-After that is longer than a call may take ends it at once', async () => {
  const { asked } = await serve(() => refusal(503, 'ServerBusy', { 'retry-after': '3600' }));
  await expect(server?.open().head('x/a')).rejects.toMatchObject({ kind: 'unavailable' });
  expect(asked).toHaveLength(1);
});

test('a server that hangs is given up, and a caller that aborts need not wait for that', async () => {
  const { asked } = await serve(() => 'nothing');
  const hasty = server?.open({ timeouts: { answerMs: 50 } });
  await expect(hasty?.get('x/a')).rejects.toMatchObject({ kind: 'unavailable' });
  expect(asked).toHaveLength(3);
  const reason = new Error('enough');
  const controller = new AbortController();
  const waiting = server?.open().get('x/a', { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 20);
  await expect(waiting).rejects.toBe(reason);
});

test('nothing is written while the clocks differ, and writing goes on once they agree', async () => {
  let offMs = 120_000;
  const { asked } = await serve(({ method }) => {
    const headers = { date: new Date(Date.now() - offMs).toUTCString() };
    const { status, headers: own } = method === 'HEAD' ? ABSENT : STORED;
    return { status, headers: { ...own, ...headers } };
  });
  const store = server?.open();
  const put = () => store?.put('x/a', Buffer.from('hello'), { blind: true });
  await expect(put()).rejects.toThrow(/this machine's clock is 1[12]\d s ahead of the server's/);
  offMs = -120_000;
  await expect(put()).rejects.toThrow(/this machine's clock is 1[12]\d s behind the server's/);
  expect(asked.every(({ method }) => method === 'HEAD')).toBe(true);
  offMs = 0;
  expect(await put()).toEqual({ version: '0x1' });
});

test('a store that was opened to be read only writes nothing', async () => {
  const { asked } = await serve(() => STORED);
  const store = server?.open({ readOnly: true });
  await expect(store?.put('x/a', Buffer.of(1), { blind: true })).rejects.toMatchObject({ kind: 'read-only' });
  await expect(store?.delete('x/a', { blind: true })).rejects.toMatchObject({ kind: 'read-only' });
  await expect(store?.beginData('x/a')).rejects.toMatchObject({ kind: 'read-only' });
  expect(asked).toEqual([]);
});

test.each(['../up', 'a/../b', 'a//b', '/a', 'a/', '.', 'a b', 'a%2fb', 'a\\b', 'ä', ''])(
  'the key %j is refused before anything is asked',
  async (key) => {
    const { asked } = await serve(() => STORED);
    await expect(server?.open().get(key)).rejects.toMatchObject({ kind: 'invalid-key' });
    expect(asked).toEqual([]);
  },
);

test('an identity sends its token over https only', async () => {
  await serve(() => STORED);
  expect(() => server?.open({ credentials: [] })).toThrow(/over https only/);
});

test('the credentials of another account are left alone, and a broken connection string is not repeated', async () => {
  await serve(() => STORED);
  const others = [{ account: 'other', key: SCRIPTED_KEY }];
  expect(() => server?.open({ credentials: others })).toThrow(/over https only/);
  const broken = [{ connectionString: 'AccountKey=hunter2' }];
  expect(() => server?.open({ credentials: broken })).toThrow(/^(?!.*hunter2).*no connection string/s);
});
