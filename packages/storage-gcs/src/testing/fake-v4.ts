import { createHash, verify, type KeyObject } from 'node:crypto';
import type { Asked } from '@atoll/storage/faulty-server';
import { encodeStrictly } from '@atoll/storage';
import { FakeError } from './fake-error.js';
import { parseQuery } from './fake-operation.js';

const MOST_SECONDS = 604_800;
const SCOPE = /^(\d{8})\/[a-z0-9-]+\/storage\/goog4_request$/;

export function isSigned({ query }: Asked): boolean {
  return query.includes('X-Goog-Signature=');
}

/** Cloud Storage, "V4 signing process with your own program", for URLs. @throws FakeError */
export function checkSignature(asked: Asked, account: string, publicKey: KeyObject, now: number): void {
  const pairs = parseQuery(asked.query);
  const value = (name: string): string => pairs.find(([key]) => key === name)?.[1] ?? '';
  const [, who = '', scope = ''] = /^([^/]+)\/(.+)$/.exec(value('X-Goog-Credential')) ?? [];
  const at = timeOf(value('X-Goog-Date'));
  const seconds = Number(value('X-Goog-Expires'));
  const wellMade =
    value('X-Goog-Algorithm') === 'GOOG4-RSA-SHA256' && SCOPE.exec(scope)?.[1] === value('X-Goog-Date').slice(0, 8);
  if (!wellMade || Number.isNaN(at) || !(seconds >= 1 && seconds <= MOST_SECONDS)) {
    throw new FakeError(400, 'InvalidQueryParameterValue', 'the signature is not well made');
  }
  if (who !== account) throw new FakeError(403, 'SignatureDoesNotMatch', 'unknown account');
  if (now < at - 900_000 || now > at + seconds * 1000) {
    throw new FakeError(400, 'ExpiredToken', 'The provided token has expired.');
  }
  const canonical = canonicalRequest(asked, pairs, value('X-Goog-SignedHeaders').split(';'));
  const text = ['GOOG4-RSA-SHA256', value('X-Goog-Date'), scope, sha256(canonical)].join('\n');
  if (!verify('RSA-SHA256', Buffer.from(text), publicKey, Buffer.from(value('X-Goog-Signature'), 'hex'))) {
    throw new FakeError(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match.');
  }
}

function canonicalRequest({ method, path, headers }: Asked, pairs: [string, string][], signed: string[]): string {
  const query = pairs
    .filter(([name]) => name !== 'X-Goog-Signature')
    .map(([name, value]) => [encodeStrictly(name), encodeStrictly(value)] as const)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const lines = signed.map((name) => `${name}:${String(headers[name] ?? '').trim()}`);
  const uri = decodeURIComponent(path).split('/').map(encodeStrictly).join('/');
  return [method, uri, query, ...lines, '', signed.join(';'), 'UNSIGNED-PAYLOAD'].join('\n');
}

function timeOf(text: string): number {
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  return Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
