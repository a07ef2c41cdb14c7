import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Credentials } from '../create-client.js';
import { answerTo, errorAnswer, type Answer } from './fake-answers.js';
import { FakeBucket } from './fake-bucket.js';
import { readOperation, type Operation, type OperationName } from './fake-operation.js';
import { FaultPlan, type Fault } from './fault-plan.js';
import { FakeError } from './s3-error.js';
import { faultOfSignature, parseQuery } from './sigv4.js';

export interface FakeS3Options {
  /** What some servers do. */
  readonly ignoresConditions?: boolean;
  /** How far its clock is ahead. */
  readonly skewMs?: number;
}

export const FAKE_CREDENTIALS: S3Credentials = { accessKeyId: 'fake-key', secretAccessKey: 'fake-secret-0123456789' };

/** An S3 server in this process, as strict as Amazon's in what the driver relies on, which fails where it is told to. */
export class FakeS3 {
  /** What it was asked; of a list, the prefix. */
  readonly requests: { readonly name: OperationName; readonly key: string }[] = [];
  /** Changed by tests at any time. */
  skewMs: number;
  readonly faults = new FaultPlan();
  readonly #server: Server;
  readonly #buckets = new Map<string, FakeBucket>();
  readonly #options: FakeS3Options;
  readonly #hanging = new AbortController();
  readonly #asked = new EventEmitter();

  private constructor(options: FakeS3Options) {
    this.#options = options;
    this.skewMs = options.skewMs ?? 0;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => request.socket.destroy());
    });
  }

  static async start(options: FakeS3Options = {}): Promise<FakeS3> {
    const fake = new FakeS3(options);
    fake.#server.listen(0, '127.0.0.1');
    await once(fake.#server, 'listening');
    return fake;
  }

  get endpoint(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** The URL to open one of its buckets by, which is made. */
  url(bucket: string, prefix = ''): string {
    if (!this.#buckets.has(bucket)) {
      this.#buckets.set(bucket, new FakeBucket(() => this.#now(), this.#options.ignoresConditions ?? false));
    }
    return `s3://${bucket}/${prefix}?endpoint=${this.endpoint}`;
  }

  bucket(name: string): FakeBucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new FakeError(404, 'NoSuchBucket');
    return bucket;
  }

  /** The next requests of a kind meet a fault. */
  inject(name: OperationName, fault: Fault, times = 1): void {
    this.faults.add(name, fault, times);
  }

  /** Waits for the next request of a kind. */
  async asked(name: OperationName): Promise<void> {
    await once(this.#asked, name);
  }

  /** How often it was asked for what, since the last call. */
  takeCounts(): Partial<Record<OperationName, number>> {
    const counts: Partial<Record<OperationName, number>> = {};
    for (const { name } of this.requests.splice(0)) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  }

  async stop(): Promise<void> {
    this.#hanging.abort();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #now(): number {
    return Date.now() + this.skewMs;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', rawQuery = ''] = (request.url ?? '').split(/\?(.*)/s);
    const operation = readOperation(request, path, new Map(parseQuery(rawQuery)));
    const body = await readBody(request);
    if (operation === undefined)
      return this.#send(request, response, errorAnswer(new FakeError(501, 'NotImplemented')));
    this.requests.push({ name: operation.name, key: operation.key || (operation.query.get('prefix') ?? '') });
    this.#asked.emit(operation.name);
    const signed = { method: request.method ?? '', path, query: rawQuery, headers: request.headers };
    const fault = faultOfSignature(signed, body, FAKE_CREDENTIALS, this.#now());
    if (fault !== undefined) return this.#send(request, response, errorAnswer(new FakeError(403, fault)));
    const planned = this.faults.take(operation.name);
    if (await this.#fails(planned, request, response)) return;
    const answer = this.#answer(operation, request, body, planned);
    const cutAfterBytes = planned?.kind === 'truncate' ? planned.afterBytes : undefined;
    const hasBody = answer.body.length > 0 && request.method !== 'HEAD';
    if (planned?.kind === 'lose-answer' || (cutAfterBytes !== undefined && !hasBody)) request.socket.destroy();
    else this.#send(request, response, answer, cutAfterBytes);
  }

  async #fails(fault: Fault | undefined, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    switch (fault?.kind) {
      case 'reset':
        request.socket.destroy();
        return true;
      case 'refuse': {
        const answer = errorAnswer(new FakeError(fault.status, fault.code));
        const { retryAfter } = fault;
        const headers = { ...answer.headers, ...(retryAfter !== undefined && { 'Retry-After': retryAfter }) };
        this.#send(request, response, { ...answer, headers });
        return true;
      }
      case 'say':
        this.#send(request, response, {
          status: fault.status,
          headers: { 'Content-Type': 'text/html' },
          body: Buffer.from(fault.text),
        });
        return true;
      case 'hang':
        return true;
      case 'slow':
        await sleep(fault.milliseconds, undefined, { signal: this.#hanging.signal });
        return false;
      default:
        return false;
    }
  }

  #answer(operation: Operation, request: IncomingMessage, body: Buffer, fault: Fault | undefined): Answer {
    try {
      const mostKeys = fault?.kind === 'cut-page' ? fault.keys : 1_000;
      const { source } = operation;
      const copied = source && this.bucket(source.bucket).get(source.key);
      return answerTo(this.bucket(operation.bucket), operation, { headers: request.headers, body, mostKeys, copied });
    } catch (cause) {
      if (cause instanceof FakeError) return errorAnswer(cause);
      throw cause;
    }
  }

  #send(request: IncomingMessage, response: ServerResponse, answer: Answer, afterBytes?: number): void {
    response.sendDate = false;
    response.writeHead(answer.status, {
      Date: new Date(this.#now()).toUTCString(),
      'x-amz-request-id': 'FAKE0123456789',
      'Content-Length': answer.body.length,
      ...answer.headers,
    });
    if (afterBytes === undefined) response.end(request.method === 'HEAD' ? undefined : answer.body);
    else response.write(answer.body.subarray(0, afterBytes), () => request.socket.destroy());
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
