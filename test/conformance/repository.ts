import { randomBytes } from 'node:crypto';
import { pushBlob } from '../harness/push.js';
import { expectStatus, type Answer, type Question, type Wire } from '../harness/wire.js';
import type { Content } from '../harness/images.js';
import { contentOf, type Manifest } from './samples.js';

/** One repository of the registry under test. */
export class Repository {
  constructor(
    readonly wire: Wire,
    readonly name: string,
  ) {}

  /** Names are random, so that the suite can run again and again, and beside itself, on one registry. */
  static unused(wire: Wire): Repository {
    return new Repository(wire, `conformance/${randomBytes(8).toString('hex')}`);
  }

  path(rest: string): string {
    return `/v2/${this.name}/${rest}`;
  }

  send(method: string, rest: string, question?: Question): Promise<Answer> {
    return this.wire.send(method, this.path(rest), question);
  }

  /** @throws UnexpectedAnswer */
  async pushBlobs(...blobs: readonly Content[]): Promise<void> {
    for (const blob of blobs) await pushBlob(this.wire, this.name, blob, 'post-only');
  }

  /** Any bytes as a blob. */
  async pushBytes(bytes: string | Uint8Array): Promise<Content> {
    const blob = contentOf(bytes);
    await this.pushBlobs(blob);
    return blob;
  }

  /** One PUT of a manifest, whatever comes of it. */
  put(reference: string, { bytes, mediaType }: Manifest, headers: Question['headers'] = {}): Promise<Answer> {
    return this.send('PUT', `manifests/${reference}`, {
      body: bytes,
      headers: { 'Content-Type': mediaType, ...headers },
    });
  }

  /** Pushes the manifest, and before it all blobs and manifests that it was made of. @throws UnexpectedAnswer */
  async push(manifest: Manifest, reference: string = manifest.digest): Promise<Answer> {
    await this.pushBlobs(...manifest.blobs);
    for (const child of manifest.children) await this.push(child);
    return expectStatus(`PUT ${this.name}:${reference}`, await this.put(reference, manifest), 201);
  }
}
