/** What the fake answers in place of success: `code` as the XML interface names it, `reason` as the JSON interface does. */
export class FakeError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly reason: string = reasonOf(status),
  ) {
    super(message);
  }
}

export function noSuchBucket(): FakeError {
  return new FakeError(404, 'NoSuchBucket', 'The specified bucket does not exist.');
}

export function noSuchObject(bucket: string, name: string): FakeError {
  return new FakeError(404, 'NoSuchKey', `No such object: ${bucket}/${name}`);
}

export function conditionNotMet(): FakeError {
  const message = 'At least one of the pre-conditions you specified did not hold.';
  return new FakeError(412, 'PreconditionFailed', message, 'conditionNotMet');
}

export function invalid(message: string, code = 'InvalidArgument'): FakeError {
  return new FakeError(400, code, message, 'invalid');
}

export function lacking(permission: string): FakeError {
  const message = `fake@test does not have ${permission} access to the Google Cloud Storage object.`;
  return new FakeError(403, 'AccessDenied', message, 'forbidden');
}

function reasonOf(status: number): string {
  const known: Readonly<Record<number, string>> = {
    400: 'invalid',
    401: 'authError',
    403: 'forbidden',
    404: 'notFound',
    412: 'conditionNotMet',
    429: 'rateLimitExceeded',
    503: 'backendError',
  };
  return known[status] ?? 'internalError';
}
