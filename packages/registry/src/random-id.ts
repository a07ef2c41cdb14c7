import { randomUUID } from 'node:crypto';

// Node fetches the randomness of many UUIDs at once, where each `randomBytes` is a call into OpenSSL: a small push takes twenty.

/** 122 random bits in 32 hex digits. */
export function randomId(): string {
  return randomUUID().replaceAll('-', '');
}

/**
 * What sets one write apart from all others. S3's version token is a hash of the content, so equal contents would make an old
 * `ifVersion` succeed after two writes in between, and a writer whose answer was lost knows its own write by the nonce. 70 random bits,
 * always as long: some objects are told apart by their length.
 */
export function newNonce(): string {
  return Buffer.from(randomId().slice(-18), 'hex').toString('base64url');
}
