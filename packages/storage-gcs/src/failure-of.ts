import type { IncomingMessage } from 'node:http';
import { retryAfterMs, systemCodeOf } from '@atoll/storage';
import { z } from 'zod';
import { GcsFailure, type GcsFacts } from './gcs-failure.js';

const CODE = /^[A-Za-z0-9]{1,100}$/;

/** What the JSON interface answers in place of success; the rest of it repeats this. */
const JsonError = z.object({
  error: z.object({
    message: z.string().default(''),
    errors: z.array(z.object({ reason: z.string().optional() })).default([]),
  }),
});

/** What an error of a socket says. `undefined` for one that has nothing to do with the server. */
export function failureOf(cause: unknown): GcsFailure | undefined {
  if (cause instanceof GcsFailure) return cause;
  const code = systemCodeOf(cause);
  return code === undefined ? undefined : new GcsFailure('lost', code);
}

/** What it means that a body broke off, or has another size than it should. */
export function brokenBody(cause?: unknown): GcsFailure {
  return failureOf(cause) ?? new GcsFailure('lost', 'CutBody');
}

/** What an answer that says no means, by its body where that can be read: JSON or XML, as the interface that was asked. */
export function refusalOf({ statusCode: status = 0, headers }: IncomingMessage, body: string): GcsFailure {
  const { code, message } = /^\s*</.test(body) ? saidInXml(body) : saidInJson(body);
  const permission = /\bstorage\.[a-zA-Z]+\.[a-zA-Z]+\b/.exec(message)?.[0];
  const facts = factsOf(status, headers);
  // A proxy's 5xx may stand before a call that happened; 503 and 501 are said by who has not tried.
  const outcome = status >= 500 && status !== 503 && status !== 501 ? 'lost' : 'answered';
  return new GcsFailure(outcome, nameOf(code, status, message), { ...facts, ...(permission && { permission }) });
}

function saidInXml(body: string): { code: string; message: string } {
  const code = /<Code>([^<]*)<\/Code>/.exec(body)?.[1] ?? '';
  const details = /<Details>([^<]*)<\/Details>/.exec(body)?.[1] ?? '';
  return { code, message: details };
}

function saidInJson(body: string): { code: string; message: string } {
  const parsed = JsonError.safeParse(parseOrNothing(body));
  if (!parsed.success) return { code: '', message: '' };
  const { message, errors } = parsed.data.error;
  return { code: errors[0]?.reason ?? '', message };
}

/** One name for what the two interfaces call differently. */
function nameOf(code: string, status: number, message: string): string {
  if (code === 'notFound' && status === 404) {
    return /bucket does not exist/i.test(message) ? 'NoSuchBucket' : 'NoSuchKey';
  }
  if (status === 412) return 'ConditionNotMet';
  return CODE.test(code) ? code : 'UnknownError';
}

function factsOf(status: number, headers: IncomingMessage['headers']): GcsFacts {
  const requestId = headers['x-guploader-uploadid'];
  const pauseMs = retryAfterMs(headers['retry-after']);
  return {
    status,
    ...(typeof requestId === 'string' && /^[\w-]{1,200}$/.test(requestId) && { requestId }),
    ...(pauseMs !== undefined && { retryAfterMs: pauseMs }),
  };
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
