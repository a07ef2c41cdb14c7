import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bootOfLog, decodeLogHeader, encodeLogHeader } from './log-header.js';
import { decodeRecord, encodeRecord, type LogRecord } from './log-record.js';

const record = (): fc.Arbitrary<LogRecord> =>
  fc.record({
    kind: fc.constantFrom('put', 'delete', 'void'),
    sequence: fc.nat(),
    number: fc.nat(Number.MAX_SAFE_INTEGER),
    key: fc.string({ minLength: 1, maxLength: 60, unit: 'binary-ascii' }),
    body: fc.uint8Array({ maxLength: 200 }),
  });

function decodeAll(bytes: Buffer, salt: number): LogRecord[] {
  const records: LogRecord[] = [];
  for (let next = decodeRecord(bytes, 0, salt); next; next = decodeRecord(bytes, next.end, salt)) {
    records.push({ ...next.record, body: Uint8Array.from(next.record.body) });
  }
  return records;
}

describe('records of the log', () => {
  test('are read as they were written, and what is torn off is cut off', () => {
    fc.assert(
      fc.property(fc.array(record()), fc.nat(0xffffffff), fc.nat(), (records, salt, cut) => {
        const written = records.map((each) => Buffer.concat(encodeRecord(each, salt)));
        const bytes = Buffer.concat(written);
        expect(decodeAll(bytes, salt)).toEqual(records);
        const kept = bytes.subarray(0, cut % (bytes.length + 1));
        let whole = 0;
        for (let end = 0; whole < written.length; whole++)
          if ((end += written[whole]?.length ?? 0) > kept.length) break;
        expect(decodeAll(kept, salt)).toEqual(records.slice(0, whole));
      }),
    );
  });

  test('are not read once any bit of them has changed, nor with the salt of another segment', () => {
    fc.assert(
      fc.property(record(), fc.nat(0xfffffffe), fc.nat(), (each, salt, bit) => {
        const bytes = Buffer.concat(encodeRecord(each, salt));
        expect(decodeAll(bytes, salt + 1)).toEqual([]);
        const at = (bit >> 3) % bytes.length;
        bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit & 7)), at);
        expect(decodeAll(bytes, salt)).toEqual([]);
      }),
    );
  });

  test('zeros are no record', () => {
    expect(decodeRecord(Buffer.alloc(4_096), 0, 0)).toBeUndefined();
    // The one salt with which the checksum of zeros is zero.
    expect(decodeRecord(Buffer.alloc(4_096), 0, 0xf907faa3)).toBeUndefined();
  });
});

test('the header of a segment is read as it was written, or not at all', () => {
  const header = { number: 7, salt: 0xdeadbeef, previousEnd: 16_777_300 };
  const bytes = encodeLogHeader(header, 'c0ffee');
  expect(decodeLogHeader(bytes)).toEqual(header);
  expect(bootOfLog(bytes)).toBe('c0ffee');
  bytes.writeUInt8(1, 30);
  expect(decodeLogHeader(bytes)).toBeUndefined();
  expect(decodeLogHeader(Buffer.alloc(96))).toBeUndefined();
  expect(decodeLogHeader(Buffer.alloc(0))).toBeUndefined();
});
