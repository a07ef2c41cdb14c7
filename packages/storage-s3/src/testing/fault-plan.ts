import type { OperationName } from './fake-operation.js';

/** What happens to a request that a real server would serve. */
export type Fault =
  /** It is served, and the connection breaks before the answer. */
  | { readonly kind: 'lose-answer' }
  /** The connection breaks and nothing is served. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string; readonly retryAfter?: string }
  /** Something else answers: a proxy, or another kind of server. */
  | { readonly kind: 'say'; readonly status: number; readonly text: string }
  /** The connection breaks within the body, after this many bytes. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** A list says that there is more after this many keys. */
  | { readonly kind: 'cut-page'; readonly keys: number }
  | { readonly kind: 'slow'; readonly milliseconds: number }
  | { readonly kind: 'hang' };

interface Planned {
  readonly name: OperationName;
  readonly fault: Fault;
  times: number;
}

/** Which requests meet which faults. */
export class FaultPlan {
  /** What happens to requests for which nothing is planned. */
  weather: (name: OperationName) => Fault | undefined = () => undefined;
  readonly #planned: Planned[] = [];

  add(name: OperationName, fault: Fault, times: number): void {
    this.#planned.push({ name, fault, times });
  }

  /** The fault of the next request of a kind. */
  take(name: OperationName): Fault | undefined {
    const planned = this.#planned.find((one) => one.name === name && one.times > 0);
    if (planned === undefined) return this.weather(name);
    planned.times -= 1;
    return planned.fault;
  }
}
