import { describe, expect, test } from '@jest/globals';
import { encodeLogHeader, LOG_HEADER_BYTES } from './log-header.js';
import { encodeRecord, type LogRecord } from './log-record.js';
import { readLog } from './read-log.js';
import { chances } from './testing/chances.js';
import { PowerCutDisk } from './testing/power-cut-disk.js';

let sequence = 0;
const put = (key: string, body: string): LogRecord => ({
  kind: 'put',
  sequence: ++sequence,
  number: sequence,
  key,
  body: Buffer.from(body),
});
const voidOf = (record: LogRecord): LogRecord => ({
  kind: 'void',
  sequence: ++sequence,
  number: record.sequence,
  key: '',
  body: Buffer.alloc(0),
});

/** The bytes of a segment. */
function segment(number: number, records: readonly LogRecord[], previousEnd = 0): Buffer {
  const header = { number, salt: number * 7, previousEnd };
  return Buffer.concat([
    encodeLogHeader(header, 'boot'),
    ...records.flatMap((record) => encodeRecord(record, header.salt)),
  ]);
}

/** What is read of segments with these names. */
async function read(segments: Readonly<Record<string, Buffer>>) {
  const { files } = new PowerCutDisk(chances(1));
  await files.mkdir('/log');
  for (const [name, bytes] of Object.entries(segments)) {
    await (await files.open(`/log/${name}`, 'wx')).writeFile(bytes);
  }
  const { paths, changes } = await readLog(files, '/log');
  return { paths, changes: [...changes].map(([key, { body }]) => `${key}=${Buffer.from(body).toString()}`) };
}

describe('reading the log', () => {
  test('the last change of each key counts, of all segments, the oldest first', async () => {
    const first = segment(9, [put('a', '1'), put('b', '1')]);
    const second = segment(10, [put('a', '2')], first.length);
    expect(await read({ 10: second, 9: first })).toEqual({
      paths: ['/log/9', '/log/10'],
      changes: ['a=2', 'b=1'],
    });
  });

  test('a change that was revoked never happened, wherever that stands', async () => {
    const kept = put('a', '1');
    const revoked = put('a', '2');
    const first = segment(1, [kept, revoked]);
    expect((await read({ 1: first, 2: segment(2, [voidOf(revoked)], first.length) })).changes).toEqual(['a=1']);
  });

  test('what stands behind the end that the next segment tells has failed', async () => {
    const good = segment(1, [put('a', '1')]);
    const failed = Buffer.concat([good, ...encodeRecord(put('a', '2'), 7)]);
    expect((await read({ 1: failed })).changes).toEqual(['a=2']);
    expect((await read({ 1: failed, 2: segment(2, [put('b', '1')], good.length) })).changes).toEqual(['a=1', 'b=1']);
  });

  test('the last segment may be torn anywhere', async () => {
    const whole = segment(1, [put('a', '1'), put('b', '1')]);
    for (let length = 0; length < whole.length; length++) {
      const { changes, paths } = await read({ 1: whole.subarray(0, length) });
      expect(paths).toEqual(['/log/1']);
      expect(['a=1', 'b=1'].slice(0, changes.length)).toEqual(changes);
      expect(changes.length).toBeLessThan(2);
    }
    const torn = await read({ 1: whole, 2: segment(2, [], whole.length).subarray(0, LOG_HEADER_BYTES - 60) });
    expect(torn.changes).toEqual(['a=1', 'b=1']);
  });

  test.each([
    { what: 'damaged', first: (bytes: Buffer) => ({ 1: Buffer.concat([bytes.subarray(0, 120), Buffer.alloc(10)]) }) },
    { what: 'shorter', first: (bytes: Buffer) => ({ 1: bytes.subarray(0, bytes.length - 1) }) },
    { what: 'without a header', first: () => ({ 1: Buffer.alloc(200) }) },
    { what: 'another', first: () => ({ 1: segment(3, [put('a', '1')]) }) },
    { what: 'followed by a gap', first: (bytes: Buffer) => ({ 1: bytes, 4: segment(4, []) }) },
  ])('a segment that another vouches for is not passed over when it is $what', async ({ first }) => {
    const whole = segment(1, [put('a', '1')]);
    const log = { 2: segment(2, [put('b', '1')], whole.length), ...first(whole) };
    await expect(read(log)).rejects.toMatchObject({ kind: 'corrupt' });
  });

  test('other files are left alone, and no log is an empty one', async () => {
    expect(await read({ README: Buffer.from('x') })).toEqual({ paths: [], changes: [] });
    const { files } = new PowerCutDisk(chances(1));
    expect((await readLog(files, '/none')).paths).toEqual([]);
  });
});
