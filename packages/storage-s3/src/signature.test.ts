import { S3Client } from '@aws-sdk/client-s3';
import { expect, test } from '@jest/globals';
import { encodePath, encodeQuery } from '@atoll/storage';
import { faultOfSignature } from './testing/sigv4.js';
import { Signature, type Unsigned } from './signature.js';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const NOW = Date.parse('2015-08-30T12:36:00Z');
const SCOPE = { region: 'us-east-1', service: 's3' };

const { sha256 } = new S3Client(SCOPE).config;

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

function sign(request: Unsigned, keys: Keys = KEYS, now = NOW): Promise<Record<string, string>> {
  const credentials = () => Promise.resolve(keys);
  return new Signature({ credentials, sha256 }, SCOPE).sign(request, now);
}

function faultOf({ method, path, query, body }: Unsigned, headers: Record<string, string>, now = NOW) {
  const asked = { method, path, query: encodeQuery(query), headers };
  return faultOfSignature(asked, Buffer.from(body ?? []), KEYS, now);
}

const REQUESTS: readonly Unsigned[] = [
  { method: 'GET', path: '/bucket/a', query: {}, headers: { host: 'h' } },
  {
    method: 'GET',
    path: `/bucket/${encodePath("a b+c/!'()*/@/é~_.-")}`,
    query: {},
    headers: { host: 'h', range: 'bytes=1-2' },
  },
  {
    method: 'PUT',
    path: '/a',
    query: { uploadId: 'x/y=', partNumber: '2' },
    headers: { host: 'h:1' },
    body: Buffer.from('1'),
  },
  { method: 'PUT', path: '/a', query: {}, headers: { host: 'h', 'if-none-match': '*' }, body: Buffer.alloc(0) },
];

test.each(REQUESTS)('a server accepts the signature of $method $path', async (request) => {
  expect(faultOf(request, await sign(request))).toBeUndefined();
});

test('what is signed cannot be changed', async () => {
  const request = REQUESTS[3] as Unsigned;
  const headers = await sign(request);
  expect(faultOf(request, { ...headers, 'if-none-match': '"a"' })).toBe('SignatureDoesNotMatch');
  expect(faultOf({ ...request, body: Buffer.from('2') }, headers)).toBe('XAmzContentSHA256Mismatch');
});

test('keys that are renewed, and another day, sign anew; a session is part of what is signed', async () => {
  let keys: Keys = { ...KEYS, secretAccessKey: 'other' };
  const signature = new Signature({ credentials: () => Promise.resolve(keys), sha256 }, SCOPE);
  const request = REQUESTS[0] as Unsigned;
  expect(faultOf(request, await signature.sign(request, NOW))).toBe('SignatureDoesNotMatch');
  keys = { ...KEYS, sessionToken: 'token' };
  const session = await signature.sign(request, NOW);
  expect(faultOf(request, session)).toBeUndefined();
  expect(session['authorization']).toContain('host;x-amz-content-sha256;x-amz-date;x-amz-security-token');
  const tomorrow = NOW + 86_400_000;
  expect(faultOf(request, await signature.sign(request, tomorrow), tomorrow)).toBeUndefined();
});
