import { createHash, randomUUID } from 'node:crypto';
import { FakeError } from './s3-error.js';

const LEAST_PART_BYTES = 5 * 1_048_576;
const MOST_PARTS = 10_000;

export interface NamedPart {
  readonly number: number;
  readonly etag: string;
}

interface Upload {
  readonly key: string;
  readonly parts: Map<number, { readonly etag: string; readonly body: Buffer }>;
}

/** Multipart uploads, as strict as Amazon's. */
export class FakeUploads {
  readonly #uploads = new Map<string, Upload>();

  /** How many are under way. */
  get size(): number {
    return this.#uploads.size;
  }

  create(key: string): string {
    const id = randomUUID();
    this.#uploads.set(id, { key, parts: new Map() });
    return id;
  }

  put(key: string, id: string, number: number, body: Buffer): string {
    const { parts } = this.#find(key, id);
    if (!Number.isInteger(number) || number < 1 || number > MOST_PARTS) throw new FakeError(400, 'InvalidArgument');
    const etag = md5(body);
    parts.set(number, { etag, body });
    return etag;
  }

  /** What the parts make. The upload goes on until it is ended. */
  assemble(key: string, id: string, named: readonly NamedPart[]): { body: Buffer; etag: string } {
    const { parts } = this.#find(key, id);
    if (named.length === 0) throw new FakeError(400, 'MalformedXML');
    const found = named.map(({ number, etag }, index) => {
      if (index > 0 && number <= (named[index - 1]?.number ?? 0)) throw new FakeError(400, 'InvalidPartOrder');
      const part = parts.get(number);
      if (part?.etag !== etag) throw new FakeError(400, 'InvalidPart');
      return part;
    });
    if (found.slice(0, -1).some(({ body }) => body.length < LEAST_PART_BYTES)) {
      throw new FakeError(400, 'EntityTooSmall');
    }
    const hashes = Buffer.concat(found.map(({ etag }) => Buffer.from(etag, 'hex')));
    return { body: Buffer.concat(found.map(({ body }) => body)), etag: `${md5(hashes)}-${found.length}` };
  }

  end(key: string, id: string): void {
    this.#find(key, id);
    this.#uploads.delete(id);
  }

  #find(key: string, id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload?.key !== key) throw new FakeError(404, 'NoSuchUpload');
    return upload;
  }
}

export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}
