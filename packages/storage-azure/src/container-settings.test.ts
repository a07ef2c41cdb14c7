import { afterEach, expect, test } from '@jest/globals';
import { retentionOf, softDeleteOf } from './container-settings.js';
import { refusal, ScriptedServer, type Reply, type Script } from './testing/scripted-server.js';

let server: ScriptedServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

test.each([
  ['an immutability policy', { hasImmutabilityPolicy: true }, 'harmful'],
  ['a legal hold', { hasLegalHold: true, hasImmutabilityPolicy: false }, 'harmful'],
  ['neither', { hasLegalHold: false, hasImmutabilityPolicy: false }, 'fine'],
  ['a server that knows neither', {}, 'fine'],
])('%s is told', (_what, properties, verdict) => {
  expect(retentionOf(properties).verdict).toBe(verdict);
});

test.each([
  [{ enabled: true, days: 7 }, 'costs', 'what is replaced or deleted still takes room for 7 days'],
  [{ enabled: true, days: 1 }, 'costs', 'what is replaced or deleted still takes room for a day'],
  [{ enabled: false }, 'fine', 'what is deleted is gone at once'],
  [undefined, 'fine', 'what is deleted is gone at once'],
])('a soft delete of %j %s', (deleteRetentionPolicy, verdict, meaning) => {
  expect(softDeleteOf(deleteRetentionPolicy ? { deleteRetentionPolicy } : {})).toMatchObject({ verdict, meaning });
});

function inXml(content: string): Reply {
  const headers = { 'content-type': 'application/xml' };
  return { status: 200, headers, body: `<?xml version="1.0" encoding="utf-8"?>${content}` };
}

function listed(versionId: string): Reply {
  const properties =
    '<Properties><Last-Modified>Sun, 22 Nov 2026 12:00:00 GMT</Last-Modified><Etag>0x1</Etag>' +
    '<Content-Length>3</Content-Length><BlobType>BlockBlob</BlobType></Properties>';
  const blob = `<Blob><Name>_probe/1/a</Name>${versionId}${properties}</Blob>`;
  return inXml(
    `<EnumerationResults ServiceEndpoint="http://x/" ContainerName="registry"><Blobs>${blob}</Blobs><NextMarker/></EnumerationResults>`,
  );
}

async function told(script: Script): Promise<readonly string[]> {
  server = await ScriptedServer.start(script);
  const settings = await server.open().inspect();
  return settings.map(({ name, verdict }) => `${name}: ${verdict}`);
}

/** The answer to each question, by what the request names. */
function answers(list: Reply, container: Reply, service: Reply): Script {
  return ({ query }) => {
    if (query.get('comp') === 'list') return list;
    return query.get('comp') === 'properties' ? service : container;
  };
}

test('a container is asked for its policies, its account for soft delete, and a list for versions', async () => {
  const service = inXml(
    '<StorageServiceProperties><DeleteRetentionPolicy><Enabled>true</Enabled><Days>7</Days></DeleteRetentionPolicy></StorageServiceProperties>',
  );
  const held = { status: 200, headers: { 'x-ms-has-legal-hold': 'true', 'x-ms-has-immutability-policy': 'false' } };
  const version = '<VersionId>2026-11-22T12:00:00.0000000Z</VersionId><IsCurrentVersion>false</IsCurrentVersion>';
  const script = answers(listed(version), held, service);
  expect(await told(script)).toEqual([
    'versioning: costs',
    'retention: harmful',
    'soft delete: costs',
    'lifecycle: unknown',
  ]);
  expect(server?.asked).toHaveLength(3);
  expect(server?.asked.find(({ query }) => query.get('comp') === 'list')?.query.get('include')).toBe('versions');
});

test('a container without any of it is fine', async () => {
  const service = inXml('<StorageServiceProperties></StorageServiceProperties>');
  const script = answers(listed(''), { status: 200 }, service);
  expect(await told(script)).toEqual([
    'versioning: fine',
    'retention: fine',
    'soft delete: fine',
    'lifecycle: unknown',
  ]);
});

test('what may not be asked is one line each, with the action that is missing', async () => {
  const denied = refusal(403, 'AuthorizationPermissionMismatch');
  server = await ScriptedServer.start(answers(listed(''), denied, denied));
  const settings = await server.open().inspect();
  expect(settings.filter(({ verdict, name }) => verdict === 'unknown' && name !== 'lifecycle')).toEqual([
    {
      name: 'retention',
      verdict: 'unknown',
      meaning: expect.stringMatching(/takes .*\/blobServices\/containers\/read, /),
    },
    { name: 'soft delete', verdict: 'unknown', meaning: expect.stringMatching(/takes .*\/blobServices\/read, /) },
  ]);
});

test('a server that knows none of it leaves all unknown', async () => {
  expect(await told(() => refusal(501, 'NotImplemented'))).toEqual([
    'versioning: unknown',
    'retention: unknown',
    'soft delete: unknown',
    'lifecycle: unknown',
  ]);
});

test('who asks may give up', async () => {
  server = await ScriptedServer.start(() => 'nothing');
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(server.open().inspect({ signal })).rejects.toThrow('enough');
});
