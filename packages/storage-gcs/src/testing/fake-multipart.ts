import { createHash, randomUUID } from 'node:crypto';
import { FakeError, invalid } from './fake-error.js';

const LEAST_BYTES = 5 * 1_048_576;
const MOST_PARTS = 10_000;

interface Part {
  readonly body: Buffer;
  readonly etag: string;
}

interface Upload {
  readonly name: string;
  readonly contentType: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly parts: Map<number, Part>;
}

export interface NamedPart {
  readonly number: number;
  readonly etag: string;
}

/** Uploads of the XML interface that are not complete. */
export class FakeMultipart {
  readonly #uploads = new Map<string, Upload>();

  /** How many there are: what is left of them costs money until somebody removes it. */
  get size(): number {
    return this.#uploads.size;
  }

  create(name: string, contentType: string | undefined, metadata: Readonly<Record<string, string>>): string {
    const id = `ABPn${randomUUID()}`;
    this.#uploads.set(id, { name, contentType, metadata, parts: new Map() });
    return id;
  }

  /** Answers the part's ETag. */
  put(name: string, id: string, number: number, body: Buffer): string {
    const { parts } = this.#find(name, id);
    if (!Number.isInteger(number) || number < 1 || number > MOST_PARTS) throw invalid('no number of a part');
    const etag = createHash('md5').update(body).digest('hex');
    parts.set(number, { body, etag });
    return etag;
  }

  /** What the parts make. */
  assemble(name: string, id: string, named: readonly NamedPart[]): Omit<Upload, 'name' | 'parts'> & { body: Buffer } {
    const { parts, contentType, metadata } = this.#find(name, id);
    if (named.length === 0) throw invalid('no parts', 'MalformedCompleteMultipartUploadRequest');
    const bodies = named.map(({ number, etag }, index) => {
      const part = parts.get(number);
      if (part?.etag !== etag) throw invalid(`part ${number} is unknown`, 'InvalidPart');
      if (index > 0 && number <= (named[index - 1]?.number ?? 0)) throw invalid('out of order', 'InvalidPartOrder');
      if (index < named.length - 1 && part.body.length < LEAST_BYTES) throw invalid('too small', 'EntityTooSmall');
      return part.body;
    });
    return { body: Buffer.concat(bodies), contentType, metadata };
  }

  end(name: string, id: string): void {
    this.#find(name, id);
    this.#uploads.delete(id);
  }

  #find(name: string, id: string): Upload {
    const upload = this.#uploads.get(id);
    if (upload?.name !== name) throw new FakeError(404, 'NoSuchUpload', 'The requested upload was not found.');
    return upload;
  }
}
