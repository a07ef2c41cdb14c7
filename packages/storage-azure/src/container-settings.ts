import {
  keys,
  retentionSetting,
  softDeleteSetting,
  unknownSetting,
  versioningSetting,
  type BucketSetting,
  type CallOptions,
} from '@atoll/storage';
import type { BlobServiceClient, BlobServiceProperties, ContainerGetPropertiesResponse } from '@azure/storage-blob';
import type { Answer, AzureCalls } from './azure-calls.js';
import { AzureFailure } from './azure-failure.js';
import type { Place } from './place.js';

/** What is asked of whom. */
export interface Asked {
  readonly calls: AzureCalls;
  readonly place: Place;
  readonly service: Pick<BlobServiceClient, 'getProperties'>;
}

/** Rules are told by the account's management interface, which takes other credentials than those of a region. */
const RULES: BucketSetting = {
  name: 'lifecycle',
  verdict: 'unknown',
  meaning:
    'only Azure Resource Manager tells the rules of an account: see that none deletes, archives or moves what is here',
};
const BLOB_SERVICES = 'Microsoft.Storage/storageAccounts/blobServices';

/** What the settings of the container and its account mean for a region in it. Never fails: what may not be asked is not known. */
export async function readSettings({ calls, place, service }: Asked, o: CallOptions = {}): Promise<BucketSetting[]> {
  const ask = (name: string, action: string, read: () => Promise<BucketSetting>) =>
    unlessRefused(name, action, read, o);
  const seen = await Promise.all([
    ask('versioning', 'containers/blobs/read', async () => versioningSetting(await keepsVersions(calls, place, o))),
    ask('retention', 'containers/read', async () =>
      retentionOf(await calls.send((sent) => place.container.getProperties(sent), o)),
    ),
    ask('soft delete', 'read', async () =>
      softDeleteOf(await calls.send<BlobServiceProperties & Answer>((sent) => service.getProperties(sent), o)),
    ),
  ]);
  return [...seen, RULES];
}

export function retentionOf({
  hasImmutabilityPolicy,
  hasLegalHold,
}: Pick<ContainerGetPropertiesResponse, 'hasImmutabilityPolicy' | 'hasLegalHold'>): BucketSetting {
  if (hasLegalHold === true) return retentionSetting('the container is under a legal hold');
  return retentionSetting(hasImmutabilityPolicy === true ? 'the container has an immutability policy' : undefined);
}

export function softDeleteOf({ deleteRetentionPolicy: kept }: BlobServiceProperties): BucketSetting {
  return softDeleteSetting(kept?.enabled === true ? (kept.days ?? 1) * 86_400 : 0);
}

/** The service does not tell data's owners whether it keeps versions. What trials have written and deleted is seen where it does. */
async function keepsVersions(calls: AzureCalls, place: Place, o: CallOptions): Promise<boolean> {
  const prefix = place.prefix + keys.probes;
  const page = await calls.send(async ({ abortSignal }) => {
    const pages = place.container.listBlobsFlat({ prefix, abortSignal, includeVersions: true });
    const first = await pages.byPage({ maxPageSize: 10 }).next();
    if (first.done === true) throw new AzureFailure('lost', 'AnswerWithoutPage');
    return first.value;
  }, o);
  return page.segment.blobItems.some(({ versionId }) => versionId !== undefined && versionId !== '');
}

async function unlessRefused(
  name: string,
  action: string,
  read: () => Promise<BucketSetting>,
  { signal }: CallOptions,
): Promise<BucketSetting> {
  try {
    return await read();
  } catch (cause) {
    signal?.throwIfAborted();
    if (!(cause instanceof AzureFailure) || cause.status !== 403) return unknownSetting(name);
    const meaning = `these credentials may not ask: it takes ${BLOB_SERVICES}/${action}, or a key of the account`;
    return { name, verdict: 'unknown', meaning };
  }
}
