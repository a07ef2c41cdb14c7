import { afterEach, describe, expect, test } from '@jest/globals';
import { digestOf } from '@atoll/core';
import fc from 'fast-check';
import { HashThread } from './hash-thread.js';

const MEBIBYTE = 1_048_576;

describe('HashThread', () => {
  const thread = new HashThread();
  afterEach(() => thread.stop());

  test('tells the digest of content of any size in chunks of any size', async () => {
    const content = Buffer.alloc(4 * MEBIBYTE, 'what a layer is made of ');
    const sizes = fc.array(fc.oneof(fc.nat(100), fc.nat(100_000), fc.nat(2 * MEBIBYTE)), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.constantFrom('sha256', 'sha512'), async (chunkSizes, algorithm) => {
        const hash = thread.hash(algorithm);
        let end = 0;
        for (const sizeBytes of chunkSizes) {
          await hash.update(content.subarray(end, end + sizeBytes));
          end = Math.min(content.length, end + sizeBytes);
        }
        expect(await hash.finish(algorithm)).toBe(digestOf(content.subarray(0, end), algorithm));
        hash.close();
      }),
      { numRuns: 40 },
    );
  });

  test('keeps many hashes apart, and what is given up does not disturb the others', async () => {
    const contents = Array.from({ length: 12 }, (_, at) => Buffer.alloc(3 * MEBIBYTE + at, `content ${at}`));
    const digests = await Promise.all(
      contents.map(async (content, at) => {
        const hash = thread.hash('sha256');
        for (let begin = 0; begin < content.length; begin += 65_536) {
          await hash.update(content.subarray(begin, begin + 65_536));
          if (at % 3 === 1 && begin > MEBIBYTE) return void hash.close();
        }
        return hash.finish('sha256').finally(() => hash.close());
      }),
    );
    expect(digests).toEqual(contents.map((content, at) => (at % 3 === 1 ? undefined : digestOf(content))));
  });

  test('has read a chunk when the next one may come: its memory may be used again', async () => {
    const hash = thread.hash('sha256');
    const memory = Buffer.alloc(65_536);
    const sent: Buffer[] = [];
    for (let at = 0; at < 50; at++) {
      memory.fill(at);
      sent.push(Buffer.from(memory));
      await hash.update(memory);
    }
    expect(await hash.finish('sha256')).toBe(digestOf(Buffer.concat(sent)));
    hash.close();
  });

  test('a hash whose thread has died knows no digest, does not hang, and the next one has a new thread', async () => {
    const hash = thread.hash('sha256');
    await hash.update(Buffer.alloc(2 * MEBIBYTE));
    await thread.stop();
    for (let at = 0; at < 20; at++) await hash.update(Buffer.alloc(MEBIBYTE));
    expect(await hash.finish('sha256')).toBeUndefined();
    hash.close();
    const next = thread.hash('sha256');
    await next.update(Buffer.alloc(2 * MEBIBYTE));
    expect(await next.finish('sha256')).toBe(digestOf(Buffer.alloc(2 * MEBIBYTE)));
    next.close();
  });

  test('keeps the process alive while it has content to hash, and no longer', async () => {
    const ports = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort').length;
    const before = ports();
    const hash = thread.hash('sha256');
    await hash.update(Buffer.alloc(2 * MEBIBYTE));
    expect(ports()).toBe(before + 1);
    await hash.finish('sha256');
    hash.close();
    expect(ports()).toBe(before);
  });

  test('does not know another algorithm than its own', async () => {
    const hash = thread.hash('sha512');
    await hash.update(Buffer.from('x'));
    expect(await hash.finish('sha256')).toBeUndefined();
    expect(hash.save()).toBeUndefined();
    hash.close();
  });
});
