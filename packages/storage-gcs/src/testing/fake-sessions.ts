import { randomUUID } from 'node:crypto';
import { FakeError, invalid } from './fake-error.js';

/** All chunks but the last are so many bytes, or a multiple. */
const UNIT_BYTES = 262_144;

export interface Session {
  readonly name: string;
  readonly contentType: string | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly ifGenerationMatch: string | undefined;
}

interface Open {
  readonly session: Session;
  bytes: Buffer;
}

/** Where a session stands after a request. */
export type Progress = { readonly receivedBytes: number } | { readonly session: Session; readonly body: Buffer };

/** Resumable uploads of the JSON interface that are not complete. */
export class FakeSessions {
  readonly #open = new Map<string, Open>();

  create(session: Session): string {
    const id = `session-${randomUUID()}`;
    this.#open.set(id, { session, bytes: Buffer.alloc(0) });
    return id;
  }

  // `range` is a Content-Range: `bytes 0-262143/*` for a chunk, `bytes */*` to ask how much there is. A chunk that overlaps what is
  // there is taken from where it is new; a gap is refused.
  put(id: string, range: string | undefined, body: Buffer): Progress {
    const open = this.#open.get(id);
    if (open === undefined) throw new FakeError(404, 'NoSuchUpload', 'no such session');
    const [, first, last, total = '*'] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(range ?? '') ?? [];
    if (range === undefined) return this.#finish(id, { ...open, bytes: body });
    if (first !== undefined && last !== undefined) this.#append(open, Number(first), Number(last), total, body);
    else if (body.length > 0) throw invalid('a chunk says where it belongs');
    return total === String(open.bytes.length) ? this.#finish(id, open) : { receivedBytes: open.bytes.length };
  }

  cancel(id: string): void {
    if (!this.#open.delete(id)) throw new FakeError(404, 'NoSuchUpload', 'no such session');
  }

  #append(open: Open, first: number, last: number, total: string, body: Buffer): void {
    const isLast = total !== '*' && last + 1 === Number(total);
    if (body.length !== last - first + 1) throw invalid('the chunk has another length');
    if (!isLast && body.length % UNIT_BYTES !== 0) throw invalid('a chunk is a multiple of 256 KiB');
    if (first > open.bytes.length) throw new FakeError(503, 'BackendError', 'there is a gap before the chunk');
    if (last < open.bytes.length) return;
    open.bytes = Buffer.concat([open.bytes, body.subarray(open.bytes.length - first)]);
  }

  #finish(id: string, { session, bytes }: Open): Progress {
    this.#open.delete(id);
    return { session, body: bytes };
  }
}
