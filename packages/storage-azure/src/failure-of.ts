import { retryAfterMs, systemCodeOf } from '@atoll/storage';
import { RestError } from '@azure/storage-blob';
import { AzureFailure, type Action, type AzureFacts } from './azure-failure.js';

/** What an error of the SDKs says, without what it knows. `undefined` for one that has nothing to do with the server. */
export function failureOf(cause: unknown): AzureFailure | undefined {
  if (cause instanceof AzureFailure) return cause;
  if (!(cause instanceof Error)) return undefined;
  if (cause instanceof RestError && cause.statusCode !== undefined) return answered(cause, cause.statusCode);
  const ofIdentity = identityFailure(cause);
  if (ofIdentity) return ofIdentity;
  // A connection that breaks in the middle of a body is told as one that was aborted; so is one that we aborted, which we know.
  if (cause.name === 'AbortError') return new AzureFailure('lost', 'ConnectionLost');
  const code = systemCodeOf(cause);
  if (code !== undefined) return new AzureFailure('lost', code);
  // What the SDK makes of answers that lack what every one of the service has.
  const strange = cause instanceof RangeError || cause instanceof TypeError;
  return strange ? new AzureFailure('lost', 'UnreadableAnswer', {}, { cause }) : undefined;
}

/** What it means that a blob's bytes broke off, or were more or fewer than was told. */
export function brokenBody(cause?: unknown): AzureFailure {
  return failureOf(cause) ?? new AzureFailure('lost', 'CutBody');
}

function answered(cause: RestError, status: number): AzureFailure {
  const headers = cause.response?.headers;
  const action = cause.request && actionOf(cause.request);
  const facts = { ...(action && { action }), ...factsOf(status, (name) => headers?.get(name)) };
  // An answer that says yes and cannot be read was cut; one that says no without a code came from what stands in between.
  if (status < 300) return new AzureFailure('lost', 'UnreadableAnswer', facts);
  const told = headers?.get('x-ms-error-code') ?? cause.code;
  const code = told !== undefined && /^[A-Za-z0-9]{1,100}$/.test(told) ? told : 'UnknownError';
  // A busy service has done nothing; a proxy that says so without a code may have asked it before.
  const refused = status < 500 || status === 501 || (status === 503 && told !== undefined);
  return new AzureFailure(refused ? 'answered' : 'lost', code, facts);
}

function factsOf(status: number, header: (name: string) => string | undefined): AzureFacts {
  const requestId = header('x-ms-request-id');
  const pauseMs = retryAfterMs(header('retry-after'));
  const date = header('date');
  return {
    status,
    ...(requestId !== undefined && /^[\w-]{1,100}$/.test(requestId) && { requestId }),
    ...(pauseMs !== undefined && { retryAfterMs: pauseMs }),
    ...(date !== undefined && { date }),
  };
}

function actionOf({ method, url }: { readonly method: string; readonly url: string }): Action {
  if (method === 'PUT') return 'write';
  if (method === 'DELETE') return 'delete';
  return /[?&]comp=list(?:&|$)/.test(url) ? 'list' : 'read';
}

/** Errors of `@azure/identity`, told by their names so that it need not be loaded. */
function identityFailure(cause: Error): AzureFailure | undefined {
  switch (cause.name) {
    case 'CredentialUnavailableError':
      return new AzureFailure('answered', 'CredentialUnavailableError');
    case 'AuthenticationError':
    case 'AuthenticationRequiredError':
      return new AzureFailure('answered', 'AuthenticationError');
    // Of a chain: what it had an identity for and got no token with counts for more than what it had none for.
    case 'AggregateAuthenticationError': {
      const errors: unknown[] = 'errors' in cause && Array.isArray(cause.errors) ? cause.errors : [];
      const all = errors.flatMap((one) => (one instanceof Error ? (identityFailure(one) ?? []) : []));
      return (
        all.find(({ code }) => code === 'AuthenticationError') ??
        new AzureFailure('answered', 'CredentialUnavailableError')
      );
    }
    default:
      return undefined;
  }
}
