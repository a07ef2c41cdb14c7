import {
  isDigest,
  isHybridTime,
  isRepositoryName,
  isTag,
  type Digest,
  type HybridTime,
  type RepositoryName,
  type Tag,
} from '@atoll/core';
import { z } from 'zod';

/** The schemas of core's values where they stand in stored JSON. */
export const digestField = z.custom<Digest>((value) => typeof value === 'string' && isDigest(value));
export const timeField = z.custom<HybridTime>((value) => typeof value === 'string' && isHybridTime(value));
export const tagField = z.custom<Tag>((value) => typeof value === 'string' && isTag(value));
export const repositoryField = z.custom<RepositoryName>(
  (value) => typeof value === 'string' && isRepositoryName(value),
);
export const sizeField = z.int().nonnegative();
