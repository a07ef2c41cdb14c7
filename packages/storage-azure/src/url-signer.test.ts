import { inspect } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { ScriptedServer } from './testing/scripted-server.js';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const SIGNED = { ttlSeconds: 1_800, contentType: 'application/octet-stream' };

let server: ScriptedServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** The clock of the server is ahead of this machine's by so much. */
async function endOfUrl(aheadMs: number): Promise<number> {
  const date = new Date(NOW + aheadMs).toUTCString();
  const headers = { date, 'x-ms-error-code': 'BlobNotFound' };
  server = await ScriptedServer.start(() => ({ status: 404, headers }));
  const store = server.open({ clock: { now: () => NOW } });
  await store.head('x/a');
  const url = new URL((await store.presignGet('d/a', SIGNED)) ?? '');
  return Date.parse(url.searchParams.get('se') ?? '');
}

test('a URL lasts as long as was asked for, also where this machine’s clock is behind or ahead of the server’s', async () => {
  expect(await endOfUrl(0)).toBe(NOW + 1_800_000);
  await server?.stop();
  expect(await endOfUrl(20_000)).toBe(NOW + 1_820_000);
  await server?.stop();
  expect(Math.abs((await endOfUrl(-20_000)) - (NOW + 1_780_000))).toBeLessThanOrEqual(1_000);
});

test('a URL reads one blob with one content type, and asks the server nothing', async () => {
  server = await ScriptedServer.start(() => 'nothing');
  const url = new URL((await server.open().presignGet('d/a', SIGNED)) ?? '');
  expect(url.pathname).toBe('/registry/d/a');
  expect([url.searchParams.get('sp'), url.searchParams.get('sr'), url.searchParams.get('rsct')]).toEqual([
    ...['r', 'b', 'application/octet-stream'],
  ]);
  expect(server.asked).toEqual([]);
});

test('a store shows nothing that it signs with to who prints it', async () => {
  server = await ScriptedServer.start(() => 'nothing');
  const store = server.open();
  const key = (await store.presignGet('d/a', SIGNED)) ?? '';
  const shown = inspect(store, { depth: 20, showHidden: true }) + JSON.stringify(store);
  expect(shown).not.toContain(new URL(key).searchParams.get('sig'));
  expect(shown).not.toContain('SharedKey');
});
