import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Scope } from './signature.js';

/** Where a bucket's objects are asked for. */
export interface Origin {
  readonly url: URL;
  /** What comes before an object's key. */
  readonly path: string;
  readonly scope: Scope;
}

/**
 * What the SDK makes of the bucket, its region, the endpoint, and whatever the environment says of them: read from a URL that it signs.
 * Asks the server nothing. @throws what the SDK does where it finds no credentials or no region
 */
export async function findOrigin(client: S3Client, bucket: string): Promise<Origin> {
  const url = new URL(await getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: 'k' })));
  const [region = '', service = ''] = (url.searchParams.get('X-Amz-Credential') ?? '').split('/').slice(-3);
  return { url, path: url.pathname.slice(0, -'k'.length), scope: { region, service } };
}
