import type { Answer, Asked } from '@atoll/storage/faulty-server';
import { z } from 'zod';
import type { Conditions, FakeBucket, Stored } from './fake-bucket.js';
import { invalid } from './fake-error.js';
import type { Operation } from './fake-operation.js';
import { asJson, onlyFields } from './fake-wording.js';

export interface JsonContext {
  readonly bucket: FakeBucket;
  /** Where a copy goes. */
  readonly target?: FakeBucket | undefined;
  readonly operation: Operation;
  readonly asked: Asked;
  readonly mostKeys: number;
}

/** What a writer may say of an object. */
export const Metadata = z.object({
  name: z.string().optional(),
  contentType: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  md5Hash: z.string().optional(),
  crc32c: z.string().optional(),
});

export function resource(bucket: FakeBucket, stored: Stored, query: Operation['query']): Answer {
  return asJson(200, onlyFields(resourceOf(bucket, stored), query.get('fields')));
}

export function resourceOf(bucket: FakeBucket, stored: Stored): unknown {
  const { name, generation, body, modified, contentType, metadata, md5Hash } = stored;
  return {
    kind: 'storage#object',
    bucket: bucket.name,
    mediaLink: `${bucket.endpoint}/download/storage/v1/b/${bucket.name}/o/${encodeURIComponent(name)}?alt=media`,
    name,
    generation: String(generation),
    metageneration: '1',
    size: String(body.length),
    updated: modified.toISOString(),
    timeCreated: modified.toISOString(),
    contentType,
    etag: Buffer.from(String(generation)).toString('base64'),
    crc32c: stored.crc32c(),
    ...(md5Hash !== undefined && { md5Hash }),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}

/** Opaque, so that nobody takes it for a name. */
export function tokenOf(place: string): string {
  return `at.${Buffer.from(place).toString('base64url')}`;
}

export function placeOf(token: string): string {
  if (!token.startsWith('at.')) throw invalid('no such token');
  return Buffer.from(token.slice('at.'.length), 'base64url').toString();
}

export function conditionsOf(query: Operation['query']): Conditions {
  return {
    ifGenerationMatch: query.get('ifGenerationMatch'),
    ifGenerationNotMatch: query.get('ifGenerationNotMatch'),
  };
}
