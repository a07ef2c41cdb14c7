import { S3Store, type S3StoreOptions } from '../s3-store.js';
import { FAKE_CREDENTIALS, FakeS3, type FakeS3Options } from './fake-s3.js';

/** A strict server and a store on an empty bucket of it that loses no time between attempts. */
export class Stand {
  readonly #stores: S3Store[] = [];

  private constructor(readonly fake: FakeS3) {}

  static async start(options: FakeS3Options = {}): Promise<Stand> {
    return new Stand(await FakeS3.start(options));
  }

  open(options: Partial<S3StoreOptions> = {}): S3Store {
    const store = new S3Store({
      url: this.fake.url('bucket'),
      credentials: FAKE_CREDENTIALS,
      ...options,
      retries: { firstPauseMs: 1, maxPauseMs: 4, ...options.retries },
    });
    this.#stores.push(store);
    return store;
  }

  /** An object that another has put into the bucket. */
  plant(key: string, body: Buffer): void {
    this.fake.bucket('bucket').put(key, body, {});
  }

  /** What the bucket holds at a key, whatever the stores say. */
  bytesAt(key: string): Buffer {
    return this.fake.bucket('bucket').get(key).body;
  }

  async stop(): Promise<void> {
    for (const store of this.#stores) await store.close();
    await this.fake.stop();
  }
}
