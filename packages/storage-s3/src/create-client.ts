import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { createBucketAgent, USER_AGENT, type ClockGuard, type ProxyNames } from '@atoll/storage';
import type { S3Timeouts } from './s3-calls.js';
import type { S3Location } from './s3-location.js';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** They are asked for again a little before. */
  readonly expiration?: Date;
}

/** Keys, or where they come from; the SDK's own chain finds them where neither is given. */
export type CredentialSource = S3Credentials | (() => Promise<S3Credentials>);

export interface ClientOptions {
  readonly credentials?: CredentialSource;
  readonly proxies?: ProxyNames;
}

const quiet = (): void => undefined;
/** What goes wrong is thrown; nothing writes to the console. */
const SILENT = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** Attempts are counted elsewhere; this way the SDK also leaves errors as they are. */
const ONCE: NonNullable<S3ClientConfig['retryStrategy']> = { retry: (next, args) => next(args) };

/** A client that tries nothing twice, adds no checksum that is not asked for, and shows the clock guard every answer. */
export function createClient(
  location: S3Location,
  clock: ClockGuard,
  timeouts: S3Timeouts,
  { credentials, proxies }: ClientOptions = {},
): S3Client {
  const { endpoint, pathStyle } = location;
  // A server of one's own has a region by name only, and signatures need some.
  const region = location.region ?? (endpoint === undefined ? undefined : 'us-east-1');
  const config: S3ClientConfig = {
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(credentials && { credentials }),
    forcePathStyle: pathStyle,
    maxAttempts: 1,
    retryStrategy: ONCE,
    followRegionRedirects: false,
    // Trailers and their framing are what servers get wrong; the length and the hash of a body are signed.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // It costs a round trip and a connection of its own.
    expectContinueHeader: false,
    // Behind the SDK's own.
    customUserAgent: USER_AGENT,
    logger: SILENT,
    requestHandler: {
      logger: SILENT,
      connectionTimeout: timeouts.connectMs,
      requestTimeout: timeouts.answerMs,
      throwOnRequestTimeout: true,
      socketTimeout: timeouts.idleMs,
      httpAgent: createBucketAgent('http:', proxies),
      httpsAgent: createBucketAgent('https:', proxies),
    },
  };
  const client = new S3Client(config);
  watchClock(client, clock);
  return client;
}

function watchClock(client: S3Client, clock: ClockGuard): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      const sentAt = clock.now();
      const result = await next(args);
      const { response } = result;
      if (hasHeaders(response)) clock.observe(response.headers.date, sentAt);
      return result;
    },
    // Closest to the wire, so that the time of retries and of reading the answer does not count.
    { step: 'deserialize', priority: 'low', name: 'watchClock' },
  );
}

function hasHeaders(response: unknown): response is { readonly headers: Readonly<Record<string, string>> } {
  return typeof response === 'object' && response !== null && 'headers' in response;
}
