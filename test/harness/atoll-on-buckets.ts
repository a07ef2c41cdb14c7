import { openRegionBuckets, type RegionBuckets } from '../stores/store-server.js';
import { Atoll } from './atoll.js';
import type { Wire } from './wire.js';

/** The real `atoll up` with each region on a bucket of its own kind. */
export class AtollOnBuckets {
  private constructor(
    private readonly atoll: Atoll,
    private readonly buckets: RegionBuckets,
  ) {}

  /** @param stores URLs of buckets, or names of servers of tests, which are started @throws Error when one does not start */
  static async start(folder: string, stores: { readonly eu: string; readonly us: string }): Promise<AtollOnBuckets> {
    const buckets = await openRegionBuckets(Object.entries(stores).map(([region, store]) => `${region}=${store}`));
    try {
      return new AtollOnBuckets(await Atoll.start(folder, buckets.environment), buckets);
    } catch (cause) {
      await buckets.stop();
      throw cause;
    }
  }

  get eu(): Wire {
    return this.atoll.eu;
  }

  get us(): Wire {
    return this.atoll.us;
  }

  /** The URL of a region's bucket. */
  bucket(region: 'eu' | 'us'): string {
    return this.buckets.urls.get(region) ?? '';
  }

  async stop(): Promise<void> {
    await this.atoll.stop();
    await this.buckets.stop();
  }
}
