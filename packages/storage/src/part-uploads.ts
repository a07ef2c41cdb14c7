import { z } from 'zod';
import { checkPartNumber } from './check-part-number.js';
import type { Capabilities, Json, PartReceipt } from './object-store.js';
import { StorageError } from './storage-error.js';

interface Part {
  readonly offsetBytes: number;
  readonly tag: string;
  readonly body: Buffer;
}

const Upload = z.object({ id: z.string() });

/** The data uploads of a MemoryStore that are not complete, with the rules of the parts it claims to have. */
export class PartUploads {
  readonly #rules: Capabilities['parts'];
  readonly #uploads = new Map<string, { readonly key: string; readonly parts: Map<number, Part> }>();
  #made = 0;

  constructor(rules: Capabilities['parts']) {
    this.#rules = rules;
  }

  begin(key: string): string {
    const id = `upload-${++this.#made}`;
    this.#uploads.set(id, { key, parts: new Map() });
    return id;
  }

  /** @throws StorageError 'unknown-upload' */
  check(key: string, upload: Json): void {
    this.#find(key, upload);
  }

  /** @throws StorageError 'unknown-upload', or 'unsupported' when the number is none this store has */
  write(key: string, upload: Json, part: { number: number; offsetBytes: number }, body: Buffer): PartReceipt {
    const { parts } = this.#find(key, upload);
    checkPartNumber(part.number, this.#rules, key);
    const tag = `part-${++this.#made}`;
    parts.set(part.number, { offsetBytes: part.offsetBytes, tag, body });
    return { number: part.number, sizeBytes: body.length, tag };
  }

  /** The bytes the receipts stand for. @throws StorageError 'unknown-upload', or 'corrupt' when they do not fit what was written */
  assemble(key: string, upload: Json, receipts: readonly PartReceipt[]): Buffer {
    const { parts } = this.#find(key, upload);
    const bodies: Buffer[] = [];
    let offsetBytes = 0;
    for (const [index, receipt] of receipts.entries()) {
      const part = parts.get(receipt.number);
      const fault = faultOf(receipt, part, offsetBytes) ?? this.#orderFault(receipts, index);
      if (part === undefined || fault !== undefined) {
        throw new StorageError('corrupt', `part ${receipt.number} of ${key}: ${fault}`, { key });
      }
      bodies.push(part.body);
      offsetBytes += part.body.length;
    }
    return Buffer.concat(bodies);
  }

  end(upload: Json): void {
    this.#uploads.delete(Upload.parse(upload).id);
  }

  #find(key: string, upload: Json) {
    const found = this.#uploads.get(Upload.parse(upload).id);
    if (found?.key !== key) throw new StorageError('unknown-upload', `no upload of ${key} is under way`, { key });
    return found;
  }

  #orderFault(receipts: readonly PartReceipt[], index: number): string | undefined {
    const { number, sizeBytes } = receipts[index] ?? { number: 0, sizeBytes: 0 };
    const first = receipts[0]?.sizeBytes ?? 0;
    const last = index === receipts.length - 1;
    if (index > 0 && number <= (receipts[index - 1]?.number ?? 0)) return 'the parts are out of order';
    if (!last && sizeBytes < this.#rules.minBytes) return `it has fewer than ${this.#rules.minBytes} bytes`;
    if (this.#rules.equal && (last ? sizeBytes > first : sizeBytes !== first))
      return 'its size is not that of the others';
    return undefined;
  }
}

function faultOf(receipt: PartReceipt, part: Part | undefined, offsetBytes: number): string | undefined {
  if (part === undefined) return 'it was not written';
  if (part.tag !== receipt.tag || part.body.length !== receipt.sizeBytes) return 'it was written again since';
  if (part.offsetBytes !== offsetBytes)
    return `it was written for offset ${part.offsetBytes} and stands at ${offsetBytes}`;
  return undefined;
}
