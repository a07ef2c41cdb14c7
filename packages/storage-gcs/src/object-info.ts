import type { IncomingHttpHeaders } from 'node:http';
import { sizeInRange, type ObjectInfo } from '@atoll/storage';
import { z } from 'zod';
import { GcsFailure } from './gcs-failure.js';

const Digits = z.string().regex(/^\d{1,20}$/);

/** Of what the JSON interface tells of an object, the part that is asked for. */
export const FIELDS = 'name,generation,size,updated,md5Hash,metadata';

export const ObjectResource = z.object({
  name: z.string(),
  generation: Digits,
  size: Digits.transform(Number),
  updated: z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
  /** Absent for an object that was made of parts. */
  md5Hash: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
});

export type ObjectResource = z.output<typeof ObjectResource>;

/** In whole seconds, which is all that the other interface tells. */
export function infoOf(key: string, { generation, size, updated }: ObjectResource): ObjectInfo {
  const modified = new Date(Math.floor(updated.getTime() / 1000) * 1000);
  return { key, sizeBytes: size, version: generation, modified };
}

/** What the XML interface tells in the headers of an answer with bytes. @throws GcsFailure when one of them is missing */
export function infoInHeaders(key: string, headers: IncomingHttpHeaders): ObjectInfo {
  const version = one(headers['x-goog-generation']);
  const modified = new Date(headers['last-modified'] ?? Number.NaN);
  const sizeBytes = sizeInRange(headers['content-range']) ?? headers['content-length'];
  if (!/^\d+$/.test(version) || Number.isNaN(modified.getTime()) || sizeBytes === undefined) {
    throw new GcsFailure('lost', 'IncompleteAnswer');
  }
  return { key, sizeBytes: Number(sizeBytes), version, modified };
}

function one(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : '';
}
