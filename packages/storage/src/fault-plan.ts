/** What happens to a request that a real server would serve. */
export type ServerFault =
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

interface Planned<Name> {
  readonly name: Name;
  readonly fault: ServerFault;
  times: number;
}

/** Which requests meet which faults. */
export class FaultPlan<Name extends string> {
  /** What happens to requests for which nothing is planned. */
  weather: (name: Name) => ServerFault | undefined = () => undefined;
  readonly #planned: Planned<Name>[] = [];

  /** The next requests of a kind meet a fault. */
  add(name: Name, fault: ServerFault, times = 1): void {
    this.#planned.push({ name, fault, times });
  }

  /** The fault of the next request of a kind. */
  take(name: Name): ServerFault | undefined {
    const planned = this.#planned.find((one) => one.name === name && one.times > 0);
    if (planned === undefined) return this.weather(name);
    planned.times -= 1;
    return planned.fault;
  }
}
