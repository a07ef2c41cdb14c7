import { StorageError, type CallOptions, type ObjectStore, type Version } from '@atoll/storage';
import { z } from 'zod';
import { newNonce } from './random-id.js';

/** How a value becomes an object's bytes and back. */
export interface Codec<T> {
  /** Every call yields other bytes: they carry a fresh nonce. */
  encode(value: T): Uint8Array;
  /** @throws StorageError corrupt */
  decode(body: Uint8Array, key: string): T;
}

const Envelope = z.looseObject({ v: z.literal(1) });

/** The fields of `value` as one line of JSON, behind the format's version and a nonce. */
export function encodeJson(value: object): Buffer {
  return Buffer.from(JSON.stringify({ v: 1, n: newNonce(), ...value }));
}

/** @throws StorageError corrupt, when the bytes are not JSON that fits `schema` */
export function decodeJson<T>(schema: z.ZodType<T>, body: Uint8Array, key: string): T {
  const json = parseText(body, key);
  const envelope = Envelope.safeParse(json);
  const parsed = schema.safeParse(json);
  if (envelope.success && parsed.success) return parsed.data;
  throw new StorageError('corrupt', 'a stored object does not have the form it was written in', {
    key,
    cause: envelope.error ?? parsed.error,
  });
}

export function jsonCodec<T extends object>(schema: z.ZodType<T>): Codec<T> {
  return { encode: encodeJson, decode: (body, key) => decodeJson(schema, body, key) };
}

/** The value at `key` and the version to write it back by. @throws StorageError corrupt */
export async function readObject<T>(
  store: Pick<ObjectStore, 'get'>,
  key: string,
  codec: Pick<Codec<T>, 'decode'>,
  o: CallOptions = {},
): Promise<{ value: T; version: Version } | undefined> {
  const found = await store.get(key, { signal: o.signal });
  return found && { value: codec.decode(found.body, key), version: found.info.version };
}

function parseText(body: Uint8Array, key: string): unknown {
  try {
    return JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
  } catch (cause) {
    throw new StorageError('corrupt', 'a stored object is not JSON', { key, cause });
  }
}
