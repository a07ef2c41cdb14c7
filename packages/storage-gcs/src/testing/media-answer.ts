import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from '@atoll/storage/testing';
import type { Stored } from './fake-bucket.js';
import { FakeError } from './fake-error.js';

/** An object's bytes, or a range of them. @throws FakeError 416 */
export function mediaAnswer(stored: Stored, headers: IncomingHttpHeaders, contentType?: string): Answer {
  const { body, generation, modified, md5Hash } = stored;
  const told = {
    'Accept-Ranges': 'bytes',
    'Content-Type': contentType ?? stored.contentType,
    ETag: `"${generation}"`,
    'Last-Modified': modified.toUTCString(),
    'x-goog-generation': String(generation),
    'x-goog-metageneration': '1',
    'x-goog-stored-content-encoding': 'identity',
    'x-goog-stored-content-length': body.length,
    ...(md5Hash !== undefined && { 'x-goog-hash': `md5=${md5Hash}` }),
  };
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
  if (range === null) return { status: 200, headers: told, body };
  const start = Number(range[1]);
  const end = Math.min(range[2] === '' ? body.length : Number(range[2]) + 1, body.length);
  if (start >= body.length || end <= start) throw new FakeError(416, 'InvalidRange', 'The range is not satisfiable.');
  const contentRange = { 'Content-Range': `bytes ${start}-${end - 1}/${body.length}` };
  return { status: 206, headers: { ...told, ...contentRange }, body: body.subarray(start, end) };
}
