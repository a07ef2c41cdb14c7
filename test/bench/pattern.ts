import { createHash } from 'node:crypto';

const CHUNK_BYTES = 1024 * 1024;
const filler = Buffer.alloc(CHUNK_BYTES, 'what a layer is made of does not matter here ');

/** A blob that is told from others by its first bytes: equal names and sizes have equal bytes. It is never whole in memory. */
export class Pattern {
  readonly digest: string;
  readonly #first: Buffer;

  constructor(
    name: string,
    readonly sizeBytes: number,
  ) {
    this.#first = Buffer.concat([Buffer.from(name.padEnd(64)), filler.subarray(64)]);
    const hash = createHash('sha256');
    for (const chunk of this.chunks()) hash.update(chunk);
    this.digest = `sha256:${hash.digest('hex')}`;
  }

  *chunks(): Generator<Buffer> {
    for (let sent = 0; sent < this.sizeBytes; sent += CHUNK_BYTES) {
      const whole = sent === 0 ? this.#first : filler;
      yield whole.subarray(0, Math.min(CHUNK_BYTES, this.sizeBytes - sent));
    }
  }
}
