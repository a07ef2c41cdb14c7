/** What went wrong in another thread, as it can be sent to this one. */
export interface ThreadFault {
  readonly message: string;
  readonly code: string | undefined;
}

export function faultOf(cause: unknown): ThreadFault {
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  return { message, code };
}

/** What the system said, as its own errors say it. */
export function errorOfFault({ message, code }: ThreadFault): Error & { readonly code: string | undefined } {
  return Object.assign(new Error(message), { code });
}
