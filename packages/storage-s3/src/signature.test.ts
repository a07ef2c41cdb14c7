import { expect, test } from '@jest/globals';
import { faultOfSignature } from './testing/sigv4.js';
import { encodePath, Signature, type Unsigned } from './signature.js';

const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const NOW = Date.parse('2015-08-30T12:36:00Z');
const SCOPE = { region: 'us-east-1', service: 's3' };

function faultOf({ headers: _, body = Buffer.alloc(0), ...asked }: Unsigned, headers: Record<string, string>) {
  return faultOfSignature({ ...asked, headers }, body, KEYS, NOW);
}

const REQUESTS: readonly Unsigned[] = [
  { method: 'GET', path: '/bucket/a', query: '', headers: { host: 'h' } },
  {
    method: 'GET',
    path: `/bucket/${encodePath("a b+c/!'()*/@/é~_.-")}`,
    query: '',
    headers: { host: 'h', range: 'bytes=1-2' },
  },
  {
    method: 'PUT',
    path: '/a',
    query: 'partNumber=2&uploadId=x%2Fy%3D',
    headers: { host: 'h:1' },
    body: Buffer.from('1'),
  },
  { method: 'PUT', path: '/a', query: '', headers: { host: 'h', 'if-none-match': '*' }, body: Buffer.alloc(0) },
];

test.each(REQUESTS)('a server accepts the signature of $method $path $query', (request) => {
  expect(faultOf(request, new Signature(SCOPE).sign(request, KEYS, NOW))).toBeUndefined();
});

test('what is signed cannot be changed', () => {
  const request = REQUESTS[3] as Unsigned;
  const headers = new Signature(SCOPE).sign(request, KEYS, NOW);
  expect(faultOf(request, { ...headers, 'if-none-match': '"a"' })).toBe('SignatureDoesNotMatch');
  expect(faultOf({ ...request, body: Buffer.from('2') }, headers)).toBe('XAmzContentSHA256Mismatch');
});

test('keys that are renewed, and another day, sign anew; a session is part of what is signed', () => {
  const signature = new Signature(SCOPE);
  const request = REQUESTS[0] as Unsigned;
  const first = signature.sign(request, { ...KEYS, secretAccessKey: 'other' }, NOW);
  expect(faultOf(request, first)).toBe('SignatureDoesNotMatch');
  const session = signature.sign(request, { ...KEYS, sessionToken: 'token' }, NOW);
  expect(faultOf(request, session)).toBeUndefined();
  expect(session.authorization).toContain('host;x-amz-content-sha256;x-amz-date;x-amz-security-token');
  const tomorrow = signature.sign(request, KEYS, NOW + 86_400_000);
  expect(faultOfSignature({ ...request, headers: tomorrow }, Buffer.alloc(0), KEYS, NOW + 86_400_000)).toBeUndefined();
});
