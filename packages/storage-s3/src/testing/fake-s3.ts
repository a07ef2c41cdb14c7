import { FaultyServer, type Answer, type Asked, type FakeService, type FaultPlan } from '@atoll/storage/faulty-server';
import type { S3Credentials } from '../create-client.js';
import { answerTo, errorAnswer } from './fake-answers.js';
import { FakeBucket } from './fake-bucket.js';
import { readOperation, type Operation, type OperationName } from './fake-operation.js';
import { mayDo } from './fake-permissions.js';
import { FakeError } from './s3-error.js';
import { faultOfSignature } from './sigv4.js';

export interface FakeS3Options {
  /** What some servers do. */
  readonly ignoresConditions?: boolean;
  /** The rule of the buckets that removes every object after a while. */
  readonly expiryRule?: string;
  /** How far its clock is ahead. */
  readonly skewMs?: number;
}

export const FAKE_CREDENTIALS: S3Credentials = { accessKeyId: 'fake-key', secretAccessKey: 'fake-secret-0123456789' };

/** An S3 server in this process, as strict as Amazon's in what the driver relies on, which fails where it is told to. */
export class FakeS3 implements FakeService<OperationName> {
  /** What it was asked; of a list, the prefix. */
  readonly requests: { readonly name: OperationName; readonly key: string }[] = [];
  /** Changed by tests at any time. */
  skewMs: number;
  /** What the credentials may not do, in Amazon's words: `s3:PutObject`. */
  readonly denied = new Set<string>();
  readonly #buckets = new Map<string, FakeBucket>();
  #server: FaultyServer<OperationName> | undefined;

  private constructor(private readonly options: FakeS3Options) {
    this.skewMs = options.skewMs ?? 0;
  }

  static async start(options: FakeS3Options = {}): Promise<FakeS3> {
    const fake = new FakeS3(options);
    fake.#server = await FaultyServer.start(fake);
    return fake;
  }

  get endpoint(): string {
    return this.#running.endpoint;
  }

  get faults(): FaultPlan<OperationName> {
    return this.#running.faults;
  }

  /** The URL to open one of its buckets by, which is made. */
  url(bucket: string, prefix = ''): string {
    if (!this.#buckets.has(bucket)) {
      this.#buckets.set(bucket, new FakeBucket(() => this.now(), this.options.ignoresConditions ?? false));
    }
    return `s3://${bucket}/${prefix}?endpoint=${this.endpoint}`;
  }

  /** @throws FakeError */
  bucket(name: string): FakeBucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new FakeError(404, 'NoSuchBucket');
    return bucket;
  }

  /** Waits for the next request of a kind. */
  asked(name: OperationName): Promise<void> {
    return this.#running.asked(name);
  }

  /** How often it was asked for what, since the last call. */
  takeCounts(): Partial<Record<OperationName, number>> {
    this.requests.splice(0);
    return this.#running.takeCounts();
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }

  nameOf(asked: Asked): OperationName {
    const { name, key, query } = readOperation(asked);
    this.requests.push({ name, key: key || (query.get('prefix') ?? '') });
    return name;
  }

  now(): number {
    return Date.now() + this.skewMs;
  }

  serve(asked: Asked, mostKeys: number): Answer {
    try {
      return this.#withUsual(this.#answer(readOperation(asked), asked, mostKeys));
    } catch (cause) {
      if (!(cause instanceof FakeError)) throw cause;
      // Who may not list is not told what is absent.
      const hidden = cause.code === 'NoSuchKey' && this.denied.has('s3:ListBucket');
      return this.#withUsual(errorAnswer(hidden ? new FakeError(403, 'AccessDenied') : cause));
    }
  }

  refuse(status: number, code: string): Answer {
    return this.#withUsual(errorAnswer(new FakeError(status, code)));
  }

  #answer(operation: Operation, asked: Asked, mostKeys: number): Answer {
    const { name, source } = operation;
    if (name === 'Unknown') throw new FakeError(501, 'NotImplemented');
    const fault = faultOfSignature(asked, asked.body, FAKE_CREDENTIALS, this.now());
    if (fault !== undefined) throw new FakeError(403, fault);
    if (!mayDo(name, this.denied)) throw new FakeError(403, 'AccessDenied');
    const copied = source && this.bucket(source.bucket).get(source.key);
    const bucket = this.bucket(operation.bucket);
    const answer = answerTo(bucket, operation, { headers: asked.headers, body: asked.body, mostKeys, copied });
    const { expiryRule } = this.options;
    if (expiryRule === undefined || name !== 'PutObject') return answer;
    const expiry = `expiry-date="Fri, 01 Jan 2100 00:00:00 GMT", rule-id="${expiryRule}"`;
    return { ...answer, headers: { ...answer.headers, 'x-amz-expiration': expiry } };
  }

  #withUsual(answer: Answer): Answer {
    return { ...answer, headers: { 'x-amz-request-id': 'FAKE0123456789', ...answer.headers } };
  }

  get #running(): FaultyServer<OperationName> {
    if (this.#server === undefined) throw new Error('the fake has not started');
    return this.#server;
  }
}
