import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface Signed {
  readonly method: string;
  /** As it was sent. */
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
}

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const MOST_SKEW_MS = 900_000;

/**
 * Checks a request's signature, version 4, in its header or in its query, and that of its body.
 * Answers the code of the S3 error, or `undefined` when all is well.
 */
export function faultOfSignature(request: Signed, body: Uint8Array, keys: KeyPair, now: number): string | undefined {
  const query = parseQuery(request.query);
  const presigned = query.find(([name]) => name === 'X-Amz-Signature') !== undefined;
  const claim = presigned ? claimInQuery(query) : claimInHeader(request.headers);
  if (claim === undefined) return 'AccessDenied';
  if (claim.accessKeyId !== keys.accessKeyId) return 'InvalidAccessKeyId';
  const expiry = faultOfTime(claim, presigned, now);
  if (expiry !== undefined) return expiry;
  if (!presigned && claim.payload !== 'UNSIGNED-PAYLOAD' && claim.payload !== sha256(body)) {
    return 'XAmzContentSHA256Mismatch';
  }
  const expected = signatureOf(request, query, claim, keys.secretAccessKey);
  const [left, right] = [Buffer.from(expected), Buffer.from(claim.signature)];
  return left.length === right.length && timingSafeEqual(left, right) ? undefined : 'SignatureDoesNotMatch';
}

interface Claim {
  readonly accessKeyId: string;
  /** `20260101/us-east-1/s3/aws4_request` */
  readonly scope: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20260101T000000Z` */
  readonly date: string;
  readonly expiresSeconds: number;
  readonly payload: string;
}

type Query = readonly (readonly [string, string])[];

function claimInHeader(headers: IncomingHttpHeaders): Claim | undefined {
  const text = headers.authorization ?? '';
  const [, credential = '', signed = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(text) ?? [];
  if (signature === '') return undefined;
  return {
    ...splitCredential(credential),
    signedHeaders: signed.split(';'),
    signature,
    date: one(headers['x-amz-date']),
    expiresSeconds: 0,
    payload: one(headers['x-amz-content-sha256']),
  };
}

function claimInQuery(query: Query): Claim | undefined {
  const value = (name: string): string => query.find(([key]) => key === name)?.[1] ?? '';
  return {
    ...splitCredential(value('X-Amz-Credential')),
    signedHeaders: value('X-Amz-SignedHeaders').split(';'),
    signature: value('X-Amz-Signature'),
    date: value('X-Amz-Date'),
    expiresSeconds: Number(value('X-Amz-Expires')),
    payload: 'UNSIGNED-PAYLOAD',
  };
}

function faultOfTime({ date, expiresSeconds }: Claim, presigned: boolean, now: number): string | undefined {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  const at = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  if (Number.isNaN(at)) return 'AccessDenied';
  if (presigned) return at + expiresSeconds * 1000 < now ? 'AccessDenied' : undefined;
  return Math.abs(at - now) > MOST_SKEW_MS ? 'RequestTimeTooSkewed' : undefined;
}

function signatureOf(request: Signed, query: Query, claim: Claim, secret: string): string {
  const canonicalQuery = query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const canonical = [
    request.method,
    decodeURIComponent(request.path).split('/').map(encode).join('/'),
    canonicalQuery,
    ...claim.signedHeaders.map((name) => `${name}:${one(request.headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    claim.signedHeaders.join(';'),
    claim.payload,
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', claim.date, claim.scope, sha256(Buffer.from(canonical))].join('\n');
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const part of claim.scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  return createHmac('sha256', key).update(text).digest('hex');
}

function splitCredential(credential: string): { accessKeyId: string; scope: string } {
  const slash = credential.indexOf('/');
  return { accessKeyId: credential.slice(0, slash), scope: credential.slice(slash + 1) };
}

/** Pairs as they were sent, decoded; a plus is a plus. */
export function parseQuery(query: string): Query {
  if (query === '') return [];
  return query.split('&').map((pair) => {
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    return [decodeURIComponent(name), decodeURIComponent(value)];
  });
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function one(value: string | string[] | undefined): string {
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}
