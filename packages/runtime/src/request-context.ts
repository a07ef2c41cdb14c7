import { AsyncLocalStorage } from 'node:async_hooks';

/** What every log line says of the work it belongs to. */
export interface RequestFacts {
  readonly requestId?: string;
  readonly region?: string;
}

const current = new AsyncLocalStorage<RequestFacts>();

/** Runs `task`, and everything it starts, with these facts on every log line; facts of an outer call stay unless named again. */
export function withRequest<T>(facts: RequestFacts, task: () => T): T {
  const outer = current.getStore();
  return current.run(outer === undefined ? facts : { ...outer, ...facts }, task);
}

export function currentRequest(): RequestFacts {
  return current.getStore() ?? {};
}

/** The id that one push or pull carries through all regions; absent outside of `withRequest`. */
export function currentRequestId(): string | undefined {
  return currentRequest().requestId;
}
