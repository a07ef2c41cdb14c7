const CODES: unknown[] = ['ABORT_ERR', 'ECONNRESET', 'EPIPE', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_PREMATURE_CLOSE'];

/** The client has closed its connection, or lost it, before all was said. No fault of anybody here. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
}

/** What reading from and writing to a connection that is gone ends with. */
export function isBreak(cause: unknown): boolean {
  if (cause instanceof ClientGone) return true;
  return typeof cause === 'object' && cause !== null && 'code' in cause && CODES.includes(cause.code);
}
