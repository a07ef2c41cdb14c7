import { headerOf, type Reply } from './reply-reader.js';

/** What one request is to be answered with. */
export interface Expected {
  /** The `X-Request-Id` it was sent with, which comes back; `undefined` where it had none that a server takes. */
  readonly id?: string;
  readonly toHead?: boolean;
  /** Any but 5xx, where it is missing. */
  readonly wanted?: readonly number[];
  readonly body?: Buffer;
}

/** Sent inside bodies: an answer with this id means that a body was taken for a request. */
export const SMUGGLED = 'smuggled';

/** What no client may ever be shown: where our code lies, how it failed, what the disk said. */
const INSIDES =
  /\n\s+at |node:|node_modules|\/packages\/|\/dist\/|\.[cm]?[jt]s:\d|\bE[A-Z]{4,}\b:|file:\/\/|TypeError|ZodError/;

/** What is wrong with an answer, in words; `undefined` for a good one. @throws BrokenReply */
export function faultOf(reply: Reply, expected: Expected | undefined): string | undefined {
  const { status, head, body } = reply;
  const id = headerOf(head, 'x-request-id');
  if (id?.startsWith(SMUGGLED)) return 'a request was executed out of a body';
  if (status >= 500) return `status ${status}`;
  if (expected?.id !== undefined && id !== undefined && id !== expected.id) {
    return `the answer to ${id} in place of the one to ${expected.id}`;
  }
  if (headerOf(head, 'x-content-type-options') !== 'nosniff') return 'no X-Content-Type-Options: nosniff';
  if (headerOf(head, 'docker-distribution-api-version') !== 'registry/2.0') return 'no API version';
  if (expected?.wanted && !expected.wanted.includes(status))
    return `status ${status}, not ${expected.wanted.join(' or ')}`;
  if (expected?.body && status === 200 && !expected.body.equals(body)) return 'other bytes than were pushed';
  return status >= 400 ? errorFault(reply, expected?.toHead === true) : undefined;
}

function errorFault({ head, body }: Reply, toHead: boolean): string | undefined {
  if (headerOf(head, 'content-type') !== 'application/json') return 'an error that is not JSON';
  if (toHead && body.length === 0) return undefined;
  const text = body.toString('utf8');
  if (INSIDES.test(text)) return `an error that shows our insides: ${text.slice(0, 300)}`;
  return isErrorForm(text) ? undefined : `an error of another form: ${text.slice(0, 300)}`;
}

/** distribution-spec, Error Codes. */
function isErrorForm(text: string): boolean {
  try {
    const { errors } = JSON.parse(text) as { errors?: unknown };
    return Array.isArray(errors) && errors.length > 0 && errors.every(isErrorRow);
  } catch {
    return false;
  }
}

function isErrorRow(row: unknown): boolean {
  if (typeof row !== 'object' || row === null || !('code' in row) || !('message' in row)) return false;
  const { code, message } = row;
  return typeof code === 'string' && /^[A-Z][A-Z_]+$/.test(code) && typeof message === 'string' && message.length > 10;
}
