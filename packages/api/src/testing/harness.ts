import { digestOf, type Digest } from '@atoll/core';
import { claimRegion, Registry } from '@atoll/registry';
import { MemoryStore, type ObjectStore } from '@atoll/storage';
import type { Authorize } from '../access-request.js';
import type { ApiLimits } from '../limits.js';
import { startApi, type RunningApi } from '../server.js';
import { TestLog } from './test-log.js';
import { Wire, type WireReply } from './wire.js';

export interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Sends the body in chunks, without a length. */
  readonly chunked?: boolean;
}

export interface ErrorRow {
  readonly code: string;
  readonly message: string;
  readonly detail?: unknown;
}

export interface HarnessOptions {
  readonly store?: ObjectStore;
  readonly limits?: Partial<ApiLimits>;
  readonly authorize?: Authorize;
  readonly automaticMount?: boolean;
  readonly redirects?: (address: string | undefined) => boolean;
}

export const OCI_IMAGE = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const EMPTY_CONFIG = '{}';

/** A registry on a store in memory behind a real socket. */
export class Harness {
  private constructor(
    readonly api: RunningApi,
    readonly registry: Registry,
    readonly store: ObjectStore,
    readonly log: TestLog,
  ) {}

  static async start({ store = new MemoryStore(), ...options }: HarnessOptions = {}): Promise<Harness> {
    const registry = new Registry({ store, identity: await claimRegion(store, 'eu') });
    const log = new TestLog();
    const api = await startApi({ registry, log, port: 0, ...options });
    return new Harness(api, registry, store, log);
  }

  async stop(): Promise<void> {
    await this.api.stop();
  }

  wire(): Promise<Wire> {
    return Wire.to(this.api.port);
  }

  /** One request on a connection of its own; the path goes out as it is. */
  async ask(method: string, path: string, { headers = {}, body, chunked = false }: Sent = {}): Promise<WireReply> {
    const wire = await this.wire();
    try {
      const bytes = body === undefined ? undefined : Buffer.from(body);
      const framing = chunked
        ? ['Transfer-Encoding: chunked']
        : bytes || method === 'POST' || method === 'PUT' || method === 'PATCH'
          ? [`Content-Length: ${bytes?.length ?? 0}`]
          : [];
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
      wire.head(`${method} ${path} HTTP/1.1`, 'Host: registry', ...framing, ...lines);
      if (bytes && chunked) sendChunked(wire, bytes);
      else if (bytes) wire.send(bytes);
      return await wire.reply({ toHead: method === 'HEAD' });
    } finally {
      wire.close();
    }
  }

  async pushBlob(name: string, content: string | Uint8Array): Promise<Digest> {
    const digest = digestOf(Buffer.from(content));
    const reply = await this.ask('POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: content });
    if (reply.status !== 201) throw new Error(`pushing a blob: ${reply.status} ${reply.body.toString()}`);
    return digest;
  }

  /** The path of a new upload. */
  async startUpload(name: string): Promise<string> {
    const { headers } = await this.ask('POST', `/v2/${name}/blobs/uploads/`);
    return headers.location ?? '';
  }

  /** An image without layers, told apart from others by its annotations. */
  async pushImage(name: string, reference?: string, more: object = {}): Promise<{ digest: Digest; bytes: Buffer }> {
    await this.pushBlob(name, EMPTY_CONFIG);
    const bytes = Buffer.from(JSON.stringify({ ...imageManifest(), ...more }));
    const digest = digestOf(bytes);
    const reply = await this.ask('PUT', `/v2/${name}/manifests/${reference ?? digest}`, {
      headers: { 'Content-Type': OCI_IMAGE },
      body: bytes,
    });
    if (reply.status !== 201) throw new Error(`pushing an image: ${reply.status} ${reply.body.toString()}`);
    return { digest, bytes };
  }
}

export function imageManifest(): object {
  const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(EMPTY_CONFIG), size: 2 };
  return { schemaVersion: 2, mediaType: OCI_IMAGE, config, layers: [] };
}

export function errorRows(reply: WireReply): ErrorRow[] {
  const { errors } = JSON.parse(reply.body.toString()) as { errors: ErrorRow[] };
  return errors;
}

/** `404 BLOB_UNKNOWN`: what a client is told, at a glance. */
export function verdict(reply: WireReply): string {
  if (reply.status < 400) return String(reply.status);
  return `${reply.status} ${errorRows(reply)[0]?.code}`;
}

export function sendChunked(wire: Wire, bytes: Uint8Array, last = true): void {
  if (bytes.length > 0)
    wire
      .send(`${bytes.length.toString(16)}\r\n`)
      .send(bytes)
      .send('\r\n');
  if (last) wire.send('0\r\n\r\n');
}
