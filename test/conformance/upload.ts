import type { Content } from '../harness/images.js';
import { withDigest } from '../harness/push.js';
import { expectStatus, headerOf, type Answer, type BegunRequest, type Question } from '../harness/wire.js';
import type { Repository } from './repository.js';

/** Headers of a body that comes in chunks of HTTP, without telling its length. */
export const CHUNKED = { 'Transfer-Encoding': 'chunked' };

export interface UploadBody extends Question {
  /** The value of Content-Range. */
  readonly range?: string;
}

/** An upload session as a client has it that follows each Location it is told. */
export class Upload {
  private constructor(
    readonly repository: Repository,
    /** Where the last answer said to go on. */
    public location: string,
  ) {}

  /** @throws UnexpectedAnswer unless the upload was opened */
  static async start(repository: Repository, query = ''): Promise<Upload> {
    const answer = await repository.send('POST', `blobs/uploads/${query}`);
    return Upload.opened(repository, expectStatus('POST uploads', answer, 202));
  }

  /** The upload that an answer opened. @throws UnexpectedAnswer when it names none */
  static opened(repository: Repository, answer: Answer): Upload {
    return new Upload(repository, headerOf(answer, 'Location'));
  }

  patch(body: string | Uint8Array, more: UploadBody = {}): Promise<Answer> {
    return this.#send('PATCH', this.location, { ...more, body: Buffer.from(body) });
  }

  /** Closes the upload with the whole blob's digest, and with the last of its bytes where they were not sent before. */
  put(digest: string, body?: string | Uint8Array, more: UploadBody = {}): Promise<Answer> {
    const sent = body === undefined ? more : { ...more, body: Buffer.from(body) };
    return this.#send('PUT', withDigest(this.location, digest), sent);
  }

  status(method = 'GET'): Promise<Answer> {
    return this.#send(method, this.location, {});
  }

  cancel(): Promise<Answer> {
    return this.#send('DELETE', this.location, {});
  }

  /**
   * How many bytes the registry has, asked so that the question waits for whoever writes at the moment: with a chunk that can never
   * belong where the upload stands.
   */
  async settledOffset(): Promise<number> {
    const beyond = 2 ** 40;
    const answer = expectStatus('PATCH far ahead', await this.patch('x', { range: `${beyond}-${beyond}` }), 416);
    return answer.headers['range'] === undefined ? 0 : lastByteOf(answer) + 1;
  }

  /** Begins a PATCH or PUT of `sizeBytes` and answers when the registry reads its body: nobody else writes from then on. */
  async begin(method: 'PATCH' | 'PUT', target: string, sizeBytes: number): Promise<BegunRequest> {
    const headers = { 'Content-Length': sizeBytes, Expect: '100-continue' };
    const begun = this.repository.wire.begin(method, target, headers);
    await begun.asked();
    return begun;
  }

  async #send(method: string, target: string, { range, headers, ...question }: UploadBody): Promise<Answer> {
    const sent = range === undefined ? { ...headers } : { 'Content-Range': range, ...headers };
    const answer = await this.repository.wire.send(method, target, { ...question, headers: sent });
    if (answer.status === 202) this.location = headerOf(answer, 'Location');
    return answer;
  }
}

/** The last byte that a `Range: 0-<last>` tells. @throws UnexpectedAnswer when the header has not that form */
export function lastByteOf(answer: Answer): number {
  return Number(/^0-(\d+)$/.exec(headerOf(answer, 'Range'))?.[1] ?? NaN);
}

/** `Content-Range` of the bytes [start, end). */
export function rangeOf(start: number, end: number): string {
  return `${start}-${end - 1}`;
}

/** A way to bring a blob; the answer is the last one. */
export type UploadForm = (repository: Repository, blob: Content, query: string) => Promise<Answer>;

/** Every way to bring a blob that clients use. `query` belongs to the POST. */
export const UPLOAD_FORMS: readonly (readonly [what: string, push: UploadForm])[] = [
  [
    'POST with everything',
    (repository, { digest, bytes }, query) =>
      repository.send('POST', withDigest(`blobs/uploads/${query}`, digest), { body: bytes }),
  ],
  [
    'POST with everything, in chunks of HTTP',
    (repository, { digest, bytes }, query) =>
      repository.send('POST', withDigest(`blobs/uploads/${query}`, digest), { body: bytes, headers: CHUNKED }),
  ],
  [
    'POST, PUT with everything',
    async (repository, { digest, bytes }, query) => (await Upload.start(repository, query)).put(digest, bytes),
  ],
  [
    'POST, PUT with everything, in chunks of HTTP',
    async (repository, { digest, bytes }, query) =>
      (await Upload.start(repository, query)).put(digest, bytes, { headers: CHUNKED }),
  ],
  ['POST, PATCH with everything, PUT', (repository, blob, query) => inPieces(repository, blob, query, [1])],
  [
    'POST, PATCH streamed, PUT',
    (repository, blob, query) => inPieces(repository, blob, query, [1], { headers: CHUNKED }),
  ],
  ['POST, PATCH three times with ranges, PUT', (repository, blob, query) => inRanges(repository, blob, query, 3)],
  [
    'POST, PATCH twice with ranges, PUT with the rest',
    (repository, blob, query) => inRanges(repository, blob, query, 2),
  ],
  [
    'POST, PATCH thrice without ranges, PUT',
    (repository, blob, query) => inPieces(repository, blob, query, [0.2, 0.7, 1]),
  ],
];

async function inPieces(
  repository: Repository,
  { digest, bytes }: Content,
  query: string,
  ends: readonly number[],
  more: UploadBody = {},
): Promise<Answer> {
  const upload = await Upload.start(repository, query);
  let start = 0;
  for (const part of ends) {
    const end = Math.round(bytes.length * part);
    expectStatus('PATCH', await upload.patch(bytes.subarray(start, end), more), 202);
    start = end;
  }
  return upload.put(digest);
}

/** Thirds of the blob; those after the first `patches` go with the PUT. Chunks without bytes have no range to name. */
async function inRanges(
  repository: Repository,
  { digest, bytes }: Content,
  query: string,
  patches: 2 | 3,
): Promise<Answer> {
  const upload = await Upload.start(repository, query);
  const third = Math.ceil(bytes.length / 3);
  const pieces = [0, 1, 2].map((at) => ({ start: at * third, piece: bytes.subarray(at * third, (at + 1) * third) }));
  const question = ({ start, piece }: { start: number; piece: Buffer }): UploadBody =>
    piece.length === 0 ? {} : { range: rangeOf(start, start + piece.length) };
  for (const one of pieces.slice(0, patches)) {
    expectStatus('PATCH', await upload.patch(one.piece, question(one)), 202);
  }
  const rest = pieces[patches];
  return rest === undefined ? upload.put(digest) : upload.put(digest, rest.piece, question(rest));
}
