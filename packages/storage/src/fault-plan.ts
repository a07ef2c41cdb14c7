/** What happens to a request that a real server would serve. */
export type ServerFault =
  /** It is served, and the connection breaks before the answer. */
  | { readonly kind: 'lose-answer' }
  /** The connection breaks and nothing is served. */
  | { readonly kind: 'reset' }
  /** The connection breaks while the body of the request is on its way, and nothing is served. */
  | { readonly kind: 'break-off' }
  /** The connection breaks, and the request is served all the same, when others that came after it have been. */
  | { readonly kind: 'late'; readonly milliseconds: number }
  /** It is served twice, as when a proxy sends it again, and one of the two answers comes. */
  | { readonly kind: 'twice'; readonly answer: 'first' | 'second' }
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string; readonly retryAfter?: string }
  /** Something else answers: a proxy, or another kind of server. */
  | { readonly kind: 'say'; readonly status: number; readonly text: string }
  /** The connection breaks within the body, after this many bytes. */
  | { readonly kind: 'truncate'; readonly afterBytes: number }
  /** The connection is closed in order, one byte before the end of the body that was stated. */
  | { readonly kind: 'short' }
  /** A list says that there is more after this many keys. */
  | { readonly kind: 'cut-page'; readonly keys: number }
  | { readonly kind: 'slow'; readonly milliseconds: number }
  /** The body of the answer comes in two halves, this far apart. */
  | { readonly kind: 'halting'; readonly milliseconds: number }
  /** Nothing is served and no answer comes: until the client gives up, or the connection breaks after this time. */
  | { readonly kind: 'hang'; readonly milliseconds?: number };

/** What a network does to any request, whatever the server. */
export function networkFaults(times: {
  readonly lateMs: number;
  readonly haltMs: number;
  readonly hangMs: number;
}): ServerFault[] {
  return [
    { kind: 'reset' },
    { kind: 'break-off' },
    { kind: 'lose-answer' },
    { kind: 'truncate', afterBytes: 5 },
    { kind: 'short' },
    { kind: 'late', milliseconds: times.lateMs },
    { kind: 'twice', answer: 'first' },
    { kind: 'twice', answer: 'second' },
    { kind: 'halting', milliseconds: times.haltMs },
    { kind: 'hang', milliseconds: times.hangMs },
    { kind: 'say', status: 502, text: '<html>bad gateway</html>' },
  ];
}

/** What is known of a request when its fault is chosen. */
export interface FaultedRequest {
  readonly method: string;
  readonly query: string;
}

interface Planned<Name> {
  readonly name: Name;
  readonly fault: ServerFault;
  times: number;
}

/** Which requests meet which faults. */
export class FaultPlan<Name extends string> {
  /** What happens to requests for which nothing is planned. */
  weather: (name: Name, request: FaultedRequest) => ServerFault | undefined = () => undefined;
  readonly #planned: Planned<Name>[] = [];

  /** The next requests of a kind meet a fault. */
  add(name: Name, fault: ServerFault, times = 1): void {
    this.#planned.push({ name, fault, times });
  }

  /** The fault of the next request of a kind. */
  take(name: Name, request: FaultedRequest): ServerFault | undefined {
    const planned = this.#planned.find((one) => one.name === name && one.times > 0);
    if (planned === undefined) return this.weather(name, request);
    planned.times -= 1;
    return planned.fault;
  }
}
