import { afterEach, expect, test } from '@jest/globals';
import { refusal, ScriptedServer, type Asked, type Reply, type Script } from './testing/scripted-server.js';

const NAMES = ['t/a', 't/a-b', 't/b', 't/c', 't/d', 't/e'];

let server: ScriptedServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function serve(script: Script): Promise<ScriptedServer> {
  return (server = await ScriptedServer.start(script));
}

function page(names: readonly string[], marker = ''): Reply {
  const blobs = names.map(
    (name) =>
      `<Blob><Name>${name}</Name><Properties><Last-Modified>Sun, 22 Nov 2026 12:00:00 GMT</Last-Modified>` +
      `<Etag>0x1</Etag><Content-Length>3</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>`,
  );
  const body =
    `<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://x/" ContainerName="registry">` +
    `<Blobs>${blobs.join('')}</Blobs><NextMarker>${marker}</NextMarker></EnumerationResults>`;
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

/** Pages of at most two names; where a list is to begin, only `from` decides. */
function listing({ query }: Asked, from: string): Reply {
  const start = query.get('marker') ?? from;
  const rest = NAMES.filter((name) => name >= start);
  const most = Math.min(2, Number(query.get('maxresults')));
  return page(rest.slice(0, most), rest[most]);
}

async function names(after: string | undefined, limit: number): Promise<readonly [string[], boolean]> {
  const store = server?.open();
  const { entries, more } = (await store?.list('t/', { limit, ...(after !== undefined && { after }) })) ?? {
    entries: [],
    more: false,
  };
  return [entries.map(({ key }) => key), more];
}

test('short pages are put together', async () => {
  await serve((asked) => listing(asked, asked.query.get('startFrom') ?? ''));
  expect(await names(undefined, 10)).toEqual([NAMES, false]);
  expect(await names(undefined, 3)).toEqual([NAMES.slice(0, 3), true]);
  expect(await names('t/a-b', 2)).toEqual([['t/b', 't/c'], true]);
  expect(await names('t/d', 1)).toEqual([['t/e'], false]);
});

test('a server that begins at the prefix all the same is read up to where the list begins', async () => {
  await serve((asked) => listing(asked, ''));
  expect(await names('t/c', 1)).toEqual([['t/d'], true]);
  expect(await names('t/bb', 5)).toEqual([['t/c', 't/d', 't/e'], false]);
});

test('a server that refuses to begin somewhere is not asked to again', async () => {
  const { asked } = await serve((one) =>
    one.query.has('startFrom') ? refusal(400, 'InvalidQueryParameterValue') : listing(one, ''),
  );
  const store = server?.open();
  for (const _ of [1, 2]) {
    const list = await store?.list('t/', { after: 't/d', limit: 1 });
    expect(list).toMatchObject({ entries: [{ key: 't/e' }], more: false });
  }
  expect(asked.filter(({ query }) => query.has('startFrom'))).toHaveLength(1);
});

test('an empty page is not the end', async () => {
  await serve(({ query }) => {
    const marker = query.get('marker');
    if (marker === null) return page([], 'one');
    return marker === 'one' ? page(['t/a'], 'two') : page([]);
  });
  expect(await names(undefined, 1)).toEqual([['t/a'], false]);
});

test('a page that was cut is asked for again', async () => {
  const whole = page(NAMES);
  const cut = { ...whole, body: whole.body?.slice(0, 300) ?? '' };
  const { asked } = await serve((_, nth) => (nth === 1 ? cut : whole));
  expect(await names(undefined, 10)).toEqual([NAMES, false]);
  expect(asked).toHaveLength(2);
});

test('a server that lists in another order is refused', async () => {
  await serve(() => page(['t/a/b', 't/a-b']));
  await expect(names(undefined, 10)).rejects.toMatchObject({ kind: 'unsupported' });
});

test('a list that goes round in circles ends with an error', async () => {
  await serve(() => page([], 'again'));
  await expect(names(undefined, 10)).rejects.toMatchObject({ kind: 'unavailable' });
});

test('keys that all come before where the list begins are not asked for', async () => {
  const { asked } = await serve(() => page(NAMES));
  expect(await names('u', 10)).toEqual([[], false]);
  expect(asked).toEqual([]);
});
