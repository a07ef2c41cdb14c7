import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GcsStore, type GcsStoreOptions } from '../gcs-store.js';
import { FakeGcs, type FakeGcsOptions } from './fake-gcs.js';

/** A strict server and stores on its buckets that lose no time between attempts. */
export class Stand {
  readonly #folder = mkdtempSync(join(tmpdir(), 'atoll-fake-gcs-'));
  readonly #stores: GcsStore[] = [];

  private constructor(readonly fake: FakeGcs) {
    fake.url('bucket');
    writeFileSync(this.keyFile, fake.identities.keyFile(fake.endpoint), { mode: 0o600 });
  }

  static async start(options: FakeGcsOptions = {}): Promise<Stand> {
    return new Stand(await FakeGcs.start(options));
  }

  /** What GOOGLE_APPLICATION_CREDENTIALS names. */
  get keyFile(): string {
    return join(this.#folder, 'key.json');
  }

  open(options: Partial<GcsStoreOptions> = {}): GcsStore {
    const store = new GcsStore({
      url: this.fake.url('bucket'),
      credentials: { file: this.keyFile },
      ...options,
      retries: { firstPauseMs: 1, maxPauseMs: 4, ...options.retries },
    });
    this.#stores.push(store);
    return store;
  }

  /** An object that another has put into the bucket. */
  plant(key: string, body: Buffer): void {
    this.fake.bucket('bucket').put(key, { body }, {});
  }

  /** What the bucket holds at a key, whatever the stores say. */
  bytesAt(key: string): Buffer {
    return this.fake.bucket('bucket').get(key).body;
  }

  async stop(): Promise<void> {
    for (const store of this.#stores) await store.close();
    await this.fake.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
