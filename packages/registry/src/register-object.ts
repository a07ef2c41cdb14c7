import {
  hexOf,
  liveValue,
  millisecondsOf,
  type Digest,
  type HybridTime,
  type Register,
  type Sibling,
} from '@atoll/core';
import { StorageError } from '@atoll/storage';
import { z } from 'zod';
import { digestField, sizeField, timeField } from './fields.js';
import { decodeJson, encodeJson, type Codec } from './json-object.js';

/** What a tag names: everything that a HEAD by tag answers. */
export interface TagTarget {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
}

export type TagRegister = Register<TagTarget>;
export type ManifestRegister = Register<{ readonly mediaType: string; readonly sizeBytes: number }>;
/** A repository that exists has the value `true`. */
export type MarkerRegister = Register<true>;

export interface ManifestObject {
  readonly register: ManifestRegister;
  /** Exactly what was pushed; there as long as the manifest is live. */
  readonly bytes?: Buffer;
  /** Outlives the bytes, so that a delete cut short can still take its row off the subject's referrers. */
  readonly subject?: Digest;
}

/** A sibling as it is stored: `del` marks a delete, the value's fields stand beside the dot. */
interface Row {
  readonly o: string;
  readonly t: HybridTime;
  readonly del?: true;
}

interface Form<T> {
  /** Rows of live siblings. */
  readonly row: z.ZodType<Sibling<T>>;
  fields(value: T): object;
}

// A tag in one region takes some 250 bytes.
const LEAST_TELLING_BYTES = 512;
const TAG_LENGTHS = 256;

const dot = { o: z.string(), t: timeField };

const TAG: Form<TagTarget> = {
  row: z.object({ ...dot, d: digestField, mt: z.string(), sz: sizeField }).transform(({ o, t, d, mt, sz }) => ({
    origin: o,
    time: t,
    value: { digest: d, mediaType: mt, sizeBytes: sz },
  })),
  fields: ({ digest, mediaType, sizeBytes }) => ({ d: digest, mt: mediaType, sz: sizeBytes }),
};

const MANIFEST: Form<{ mediaType: string; sizeBytes: number }> = {
  row: z
    .object({ ...dot, mt: z.string(), sz: sizeField })
    .transform(({ o, t, mt, sz }) => ({ origin: o, time: t, value: { mediaType: mt, sizeBytes: sz } })),
  fields: ({ mediaType, sizeBytes }) => ({ mt: mediaType, sz: sizeBytes }),
};

const MARKER: Form<true> = {
  row: z.object(dot).transform(({ o, t }) => ({ origin: o, time: t, value: true as const })),
  fields: () => ({}),
};

export const tagCodec: Codec<TagRegister> = registerCodec(TAG, ({ digest }) => ({
  least: LEAST_TELLING_BYTES,
  remainder: remainderOf(digest),
  of: TAG_LENGTHS,
}));
export const markerCodec: Codec<MarkerRegister> = registerCodec(MARKER, () => ({ least: 0, remainder: 0, of: 2 }));

const manifestHeader = z.object({ ...registerShape(MANIFEST), f: digestField.optional() });

/** One header line of JSON, a line feed, and the manifest's own bytes. */
export const manifestCodec: Codec<ManifestObject> = {
  encode({ register, bytes, subject }) {
    const live = liveValue(register) !== undefined;
    if (live && !bytes) throw new StorageError('corrupt', 'a live manifest came without its bytes');
    const header = encodeJson({ ...registerFields(register, MANIFEST), f: subject });
    const tail = live && bytes ? bytes : Buffer.alloc(0);
    const padding = padTo(live, header.length + 1 + tail.length);
    return Buffer.concat([header, Buffer.from(`${padding}\n`), tail]);
  },
  decode(body, key) {
    const end = body.indexOf(0x0a);
    if (end < 0) throw new StorageError('corrupt', 'a manifest object has no header line', { key });
    const { f: subject, ...fields } = decodeJson(manifestHeader, body.subarray(0, end), key);
    const register = toRegister(fields);
    const object = { register, ...(subject && { subject }) };
    if (liveValue(register) === undefined) return object;
    return { ...object, bytes: Buffer.from(body.buffer, body.byteOffset + end + 1, body.byteLength - end - 1) };
  },
};

/**
 * Whether the register in an object of this length is live. Listings show lengths, so pages of names need no reads
 * (docs/adr/0002-register.md).
 */
export function isLiveLength(sizeBytes: number): boolean {
  return sizeBytes % 2 === 0;
}

/**
 * Whether the tag in an object of this length is live and may name the digest: one in 128 tags that name another one may, too. A length
 * below 512 tells nothing of the digest (docs/adr/0008-tag-lengths.md).
 */
export function mayNameDigest(sizeBytes: number, digest: Digest): boolean {
  if (!isLiveLength(sizeBytes)) return false;
  return sizeBytes < LEAST_TELLING_BYTES || sizeBytes % TAG_LENGTHS === remainderOf(digest);
}

/** The first seven bits of a digest, as an even number below 256. */
function remainderOf(digest: Digest): number {
  return Number.parseInt(hexOf(digest).slice(0, 2), 16) & 0xfe;
}

const FUTURE_MS = 5 * 60_000;

/**
 * Whether some write in a register from elsewhere is more than five minutes ahead of `now`. Such a register is not joined: it would
 * win against every honest write until the clocks have caught up.
 */
export function isFromTheFuture(register: Register<unknown>, now: number): boolean {
  const times = [...Object.values(register.seen), ...register.siblings.map((sibling) => sibling.time)];
  return times.some((time) => millisecondsOf(time) > now + FUTURE_MS);
}

/** Lengths that objects are padded to: `least` or more, and with this remainder when divided by `of`. */
interface Lengths {
  readonly least: number;
  readonly remainder: number;
  readonly of: number;
}

const DELETED: Lengths = { least: 0, remainder: 1, of: 2 };

function registerCodec<T>(form: Form<T>, lengthsOf: (live: T) => Lengths): Codec<Register<T>> {
  const schema = z.object(registerShape(form)).transform(toRegister);
  return {
    encode(register) {
      const json = encodeJson(registerFields(register, form));
      const live = liveValue(register);
      const length = paddedLength(json.length, live === undefined ? DELETED : lengthsOf(live));
      return Buffer.concat([json, Buffer.alloc(length - json.length, ' ')]);
    },
    decode: (body, key) => decodeJson(schema, body, key),
  };
}

function registerShape<T>(form: Form<T>) {
  const deleted = z
    .object({ ...dot, del: z.literal(true) })
    .transform(({ o, t }): Sibling<T> => ({ origin: o, time: t }));
  return { vv: z.record(z.string(), timeField), s: z.array(z.union([deleted, form.row])) };
}

function registerFields<T>(register: Register<T>, form: Form<T>): object {
  const s = register.siblings.map(({ origin, time, value }): Row => {
    const row = { o: origin, t: time };
    return value === undefined ? { ...row, del: true } : { ...row, ...form.fields(value) };
  });
  return { vv: register.seen, s };
}

function toRegister<T>({ vv, s }: { vv: Record<string, HybridTime>; s: Sibling<T>[] }): Register<T> {
  return { seen: vv, siblings: s };
}

function paddedLength(length: number, { least, remainder, of }: Lengths): number {
  const reached = Math.max(length, least);
  return reached + ((((remainder - reached) % of) + of) % of);
}

/** JSON ignores spaces at its end. */
function padTo(live: boolean, length: number): '' | ' ' {
  return isLiveLength(length) === live ? '' : ' ';
}
