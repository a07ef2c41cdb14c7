import type { IncomingMessage } from 'node:http';
import { readAtMost } from '@atoll/storage';
import { answeredFailure, brokenBody } from './failure-of.js';
import type { S3Failure } from './s3-failure.js';

/** What is said of an error is never this long. */
const MOST_BYTES = 262_144;

/** What an answer that says no means, by its body where it has one. */
export async function refusalOf(answer: IncomingMessage, method: string): Promise<S3Failure> {
  const { statusCode: status = 0, headers } = answer;
  return answeredFailure(status, codeOf(status, method, await textOf(answer)), {
    requestId: headers['x-amz-request-id'],
    retryAfter: headers['retry-after'],
  });
}

/** `undefined` where the answer was cut. A page of some other server has no code. */
function codeOf(status: number, method: string, text: string | undefined): string | undefined {
  if (method === 'HEAD') return status === 404 ? 'NotFound' : 'UnknownError';
  if (text === undefined) return undefined;
  return /<Error[\s>][^]*<Code>\s*([A-Za-z0-9.]{1,100})\s*<\/Code>/.exec(text)?.[1] ?? 'UnknownError';
}

/** `undefined` for a body that was cut, or that is longer than any S3 server's. */
function textOf(answer: IncomingMessage): Promise<string | undefined> {
  return readAtMost(answer, MOST_BYTES, brokenBody).then(String, () => undefined);
}
