import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from '@atoll/storage/faulty-server';
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
    'x-goog-hash': [`crc32c=${stored.crc32c()}`, ...(md5Hash === undefined ? [] : [`md5=${md5Hash}`])].join(','),
  };
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '') ?? [];
  if (first === undefined || (first === '' && last === '')) return { status: 200, headers: told, body };
  const start = first === '' ? Math.max(0, body.length - Number(last)) : Number(first);
  const end = first === '' || last === '' ? body.length : Math.min(Number(last) + 1, body.length);
  if (start >= body.length || end <= start) throw new FakeError(416, 'InvalidRange', 'The range is not satisfiable.');
  const contentRange = { 'Content-Range': `bytes ${start}-${end - 1}/${body.length}` };
  return { status: 206, headers: { ...told, ...contentRange }, body: body.subarray(start, end) };
}
