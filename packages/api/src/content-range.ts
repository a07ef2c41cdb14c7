import { RegistryError } from '@atoll/core';

/** Where the body of an upload request belongs; no `sizeBytes` where the request does not say. */
export interface ChunkRange {
  readonly start: number;
  readonly sizeBytes: number;
}

// distribution-spec, Pushing a blob in chunks: `<start>-<end>`. Clients also send HTTP's own form, `bytes <start>-<end>/<total or *>`.
const FORM = /^(?:bytes[ =])?[ \t]*([0-9]+)-([0-9]+)(?:\/(?:[0-9]+|\*))?$/i;

/** @throws RegistryError SIZE_INVALID when malformed, backwards, or another length than the body's */
export function parseContentRange(
  header: string | undefined,
  contentLength: number | undefined,
): ChunkRange | undefined {
  if (header === undefined) return undefined;
  const match = FORM.exec(header);
  const start = Number(match?.[1]);
  const sizeBytes = Number(match?.[2]) - start + 1;
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(start + sizeBytes)) {
    throw new RegistryError('SIZE_INVALID', 'Content-Range of a chunk is <first byte>-<last byte>, for example 0-1023');
  }
  if (sizeBytes < 1) {
    throw new RegistryError('SIZE_INVALID', 'Content-Range ends before it starts; both ends are inclusive');
  }
  if (contentLength !== undefined && contentLength !== sizeBytes) {
    throw new RegistryError(
      'SIZE_INVALID',
      `Content-Range spans ${sizeBytes} bytes, but Content-Length is ${contentLength}`,
    );
  }
  return { start, sizeBytes };
}
