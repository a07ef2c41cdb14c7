import { FaultyServer, type Answer, type Asked, type FakeService, type FaultPlan } from '@atoll/storage/faulty-server';
import { z } from 'zod';
import { FakeBucket } from './fake-bucket.js';
import { FakeError, invalid, lacking, noSuchBucket } from './fake-error.js';
import { FAKE_ACCOUNT, FakeIdentities } from './fake-identities.js';
import { readOperation, type Operation, type OperationName } from './fake-operation.js';
import { PERMISSIONS } from './fake-permissions.js';
import { checkSignature, isSigned } from './fake-v4.js';
import { asJson, jsonError, xmlError } from './fake-wording.js';
import { answerInJson } from './json-answers.js';
import { answerInXml } from './xml-answers.js';

export interface FakeGcsOptions {
  /** What some servers do. */
  readonly ignoresConditions?: boolean;
  /** How far its clock is ahead. */
  readonly skewMs?: number;
}

/** Operations of the XML interface, which says no in XML. */
const IN_XML: ReadonlySet<OperationName> = new Set([
  'GetObject',
  'HeadObject',
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
]);

const OF_TOKENS = ['Token', 'MachineToken', 'MachineAccount'] as const;

/** Cloud Storage in this process, as strict as Google's in what the driver relies on, which fails where it is told to. */
export class FakeGcs implements FakeService<OperationName> {
  /** Changed by tests at any time, as are what the identity lacks and what becomes of its tokens. */
  skewMs: number;
  readonly denied = new Set<string>();
  readonly identities = new FakeIdentities(() => this.now());
  readonly #buckets = new Map<string, FakeBucket>();
  #server: FaultyServer<OperationName> | undefined;

  private constructor(private readonly options: FakeGcsOptions) {
    this.skewMs = options.skewMs ?? 0;
  }

  static async start(options: FakeGcsOptions = {}): Promise<FakeGcs> {
    const fake = new FakeGcs(options);
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
    this.#make(bucket);
    return `gs://${bucket}/${prefix}?endpoint=${this.endpoint}`;
  }

  /** @throws FakeError */
  bucket(name: string): FakeBucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw noSuchBucket();
    return bucket;
  }

  /** Waits for the next request of a kind. */
  asked(name: OperationName): Promise<void> {
    return this.#running.asked(name);
  }

  /** How often it was asked for what, since the last call; requests for tokens do not count. */
  takeCounts(): Partial<Record<OperationName, number>> {
    const counts = this.#running.takeCounts();
    for (const name of OF_TOKENS) delete counts[name];
    return counts;
  }

  stop(): Promise<void> {
    return this.#running.stop();
  }

  nameOf(asked: Asked): OperationName {
    return readOperation(asked).name;
  }

  now(): number {
    return Date.now() + this.skewMs;
  }

  serve(asked: Asked, mostKeys: number): Answer {
    const operation = readOperation(asked);
    try {
      return this.#withRequestId(this.#answer(operation, asked, mostKeys));
    } catch (cause) {
      const error = cause instanceof FakeError ? cause : unreadable(cause);
      if (error !== undefined) return this.#withRequestId(errorIn(operation.name, error));
      throw cause;
    }
  }

  refuse(status: number, code: string, name: OperationName): Answer {
    return errorIn(name, new FakeError(status, code, code, code));
  }

  #answer(operation: Operation, asked: Asked, mostKeys: number): Answer {
    const { name } = operation;
    if (name === 'Token') return this.identities.trade(asked);
    if (name === 'MachineToken' || name === 'MachineAccount') return this.identities.tellMachine(asked);
    if (name === 'Unknown') throw new FakeError(501, 'NotImplemented', 'not implemented');
    this.#authorize(name, asked);
    if (name === 'SignBlob') return this.identities.signBlob(asked);
    if (name === 'CreateBucket') return this.#createBucket(asked);
    const bucket = this.bucket(operation.bucket);
    if (IN_XML.has(name)) return answerInXml(bucket, operation, asked);
    const target = operation.target && this.bucket(operation.target.bucket);
    return answerInJson({ bucket, target, operation, asked, mostKeys });
  }

  /** @throws FakeError for a request without a token or a signature that holds, or of an identity that lacks a permission */
  #authorize(name: OperationName, asked: Asked): void {
    if (isSigned(asked)) checkSignature(asked, FAKE_ACCOUNT, this.identities.publicKey, this.now());
    else this.identities.check(asked.headers);
    const missing = PERMISSIONS[name]?.find((permission) => this.denied.has(permission));
    if (missing !== undefined) throw lacking(missing);
  }

  #createBucket({ body }: Asked): Answer {
    const { name } = z.object({ name: z.string() }).parse(JSON.parse(body.toString()));
    this.#make(name);
    return asJson(200, { kind: 'storage#bucket', name });
  }

  #make(name: string): void {
    if (this.#buckets.has(name)) return;
    this.#buckets.set(
      name,
      new FakeBucket(name, () => this.now(), this.options.ignoresConditions ?? false, this.endpoint),
    );
  }

  #withRequestId(answer: Answer): Answer {
    return { ...answer, headers: { 'x-guploader-uploadid': 'FAKE-0123456789', ...answer.headers } };
  }

  get #running(): FaultyServer<OperationName> {
    if (this.#server === undefined) throw new Error('the fake has not started');
    return this.#server;
  }
}

/** What a body is that nobody can read. */
function unreadable(cause: unknown): FakeError | undefined {
  return cause instanceof z.ZodError || cause instanceof SyntaxError ? invalid('Parse Error', 'parseError') : undefined;
}

function errorIn(name: OperationName, error: FakeError): Answer {
  return IN_XML.has(name) ? xmlError(error) : jsonError(error);
}
