import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { probeStore } from '@atoll/storage';
import { S3Store, type S3StoreOptions } from '@atoll/storage-s3';
import { describeObjectStore } from '@atoll/storage/testing';
import { S3_CREDENTIALS } from './s3-server.js';

interface RunningServer {
  place(name: string): string;
  stop(): Promise<void>;
}

export interface Known {
  /** Whether a delete that names a version spares any other. */
  readonly sparesVersions: boolean;
  /** Whether it does so also while that object is being replaced. */
  readonly sparesInRaces: boolean;
  /** Whether it loses keys in pages of a prefix that ends inside a segment. */
  readonly missesBelowHalfSegments?: boolean;
  /** Whether it takes parts of an upload that was aborted. */
  readonly takesLateParts?: boolean;
}

/** The S3 driver over a real server: the driver suite, and what the suite cannot ask for. */
export function describeS3StoreOver(name: string, start: () => Promise<RunningServer>, known: Known): void {
  describe(`over ${name}`, () => {
    let server: RunningServer;
    let opened = 0;
    // A build of a server takes minutes on a machine that has not made one yet.
    beforeAll(async () => {
      server = await start();
    }, 900_000);
    afterAll(() => server.stop());

    /** Opens the same empty place as often as it is called. */
    const emptyPlace = (options: Partial<S3StoreOptions> = {}) => {
      const url = server.place(`place-${opened++}`);
      return () => new S3Store({ url, credentials: S3_CREDENTIALS, ...options });
    };

    describeObjectStore('S3Store', async () => {
      const options = { conditionalDelete: known.sparesInRaces };
      const open = emptyPlace(options);
      const stores = [open(), emptyPlace(options)()];
      const [store, peer] = stores as [S3Store, S3Store];
      const reopen = async () => {
        const another = open();
        stores.push(another);
        return another;
      };
      const close = async () => void (await Promise.all(stores.map((one) => one.close())));
      const { takesLateParts = false, missesBelowHalfSegments = false } = known;
      return { store, peer, reopen, close, takesLateParts, missesBelowHalfSegments };
    });

    test(`the boot probe finds that a delete ${known.sparesVersions ? 'spares' : 'does not spare'} other versions`, async () => {
      const store = emptyPlace()();
      expect(await probeStore(store)).toMatchObject({ conditionalDelete: known.sparesVersions });
      await store.close();
    });

    test('a signed URL gives the bytes to whoever has it', async () => {
      const store = emptyPlace()();
      await store.put('x/a', Buffer.from('hello'), { ifAbsent: true });
      const url = (await store.presignGet('x/a', { ttlSeconds: 60, contentType: 'text/plain' })) ?? '';
      const answer = await fetch(url, { headers: { Range: 'bytes=1-3' } });
      expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
        206,
        'text/plain',
        'ell',
      ]);
      expect((await fetch(url.replace('x/a', 'x/b'))).status).toBe(403);
      await store.close();
    });

    test('a wrong secret is told', async () => {
      const credentials = { ...S3_CREDENTIALS, secretAccessKey: 'wrong-secret' };
      const store = emptyPlace({ credentials })();
      await expect(store.get('x/a')).rejects.toMatchObject({ kind: 'denied' });
      await store.close();
    });

    test('a bucket that is not there is told, by reads too', async () => {
      const url = server.place('x').replace('registry', 'nothing');
      const store = new S3Store({ url, credentials: S3_CREDENTIALS });
      const missing = /there is no such bucket/;
      await expect(store.get('x/a')).rejects.toThrow(missing);
      await expect(store.list('', { limit: 1 })).rejects.toThrow(missing);
      await store.close();
    });
  });
}
