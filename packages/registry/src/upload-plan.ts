import type { Capabilities } from '@atoll/storage';

const MIB = 1_048_576;
/** From these part numbers on parts are twice as big, so that 10,000 of them hold 383 GiB. */
const DOUBLED_AFTER = [1_000, 3_000, 6_000];

/** Sizes that tests make small. */
export interface UploadSizes {
  /** A part's size where parts are kept in memory until they are sent. By default 8 MiB. */
  readonly partBytes: number;
  /** Where parts are streamed, a body that brings the unwritten bytes to this many makes a part; fewer stay in the session. */
  readonly streamedPartBytes: number;
  /** After this many bytes a long request records what it has written, so that a crash costs no more. */
  readonly checkpointBytes: number;
}

export interface UploadPlan {
  /** Bytes go to the store as they come, one part at a time; otherwise parts are gathered first and several are sent at once. */
  readonly streamed: boolean;
  readonly firstPartBytes: number;
  readonly checkpointBytes: number;
  readonly maxParts: number;
  /** What part `number` (from 1) measures, or where parts are streamed at least measures, when the first one has `firstPartBytes`. */
  partBytes(number: number, firstPartBytes: number): number;
}

export function planUploads({ parts }: Capabilities, sizes: Partial<UploadSizes> = {}): UploadPlan {
  // A streamed part has whatever size the body gives it, which is no use where all must have one size.
  const streamed = parts.streamed && !parts.equal;
  const usual = streamed ? (sizes.streamedPartBytes ?? MIB) : (sizes.partBytes ?? 8 * MIB);
  return {
    streamed,
    firstPartBytes: Math.max(usual, parts.minBytes),
    checkpointBytes: sizes.checkpointBytes ?? 256 * MIB,
    maxParts: parts.maxCount,
    partBytes: (number, firstPartBytes) =>
      parts.equal ? firstPartBytes : firstPartBytes * 2 ** DOUBLED_AFTER.filter((after) => number > after).length,
  };
}
