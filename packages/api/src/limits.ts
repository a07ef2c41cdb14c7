/** How much of everything a client may take; every number has a default that suits a registry behind a load balancer. */
export interface ApiLimits {
  /** The request line and all headers together: multi-range requests and tokens are long. */
  readonly maxHeaderBytes: number;
  /** From the connection's first byte, or from the end of the request before, to the end of the headers. */
  readonly headersTimeoutMs: number;
  /** Longer than the 60 s of common balancers, so that it is never us who close a connection they are just about to use. */
  readonly keepAliveTimeoutMs: number;
  /** How long a request body may pause while the registry waits for it. */
  readonly bodyIdleMs: number;
  /** A body must bring `minBodyBytesPerSecond` on average over each window of waiting for it. */
  readonly bodyWindowMs: number;
  readonly minBodyBytesPerSecond: number;
  /** How long a client may leave a response unread. */
  readonly responseIdleMs: number;
  /** The rest of a refused body up to this size is read and dropped, so that the connection can be used again. */
  readonly unreadBodyBytes: number;
  /** How long to go on reading a refused body, so that the client finds the answer before its connection breaks. */
  readonly lingerMs: number;
  /** What `stop` grants to running requests. */
  readonly drainMs: number;
  /** How long readiness waits for the store. */
  readonly readyTimeoutMs: number;
  /** Names on one page of tags or of the catalog, whatever `n` asks for. */
  readonly maxPageNames: number;
  /** Bytes on one page of referrers: clients that do not page stop reading at 4 MiB. */
  readonly maxReferrersBytes: number;
  /** `tag` parameters of one manifest push. */
  readonly maxTagsPerPush: number;
}

export const defaultLimits: ApiLimits = {
  maxHeaderBytes: 65_536,
  headersTimeoutMs: 30_000,
  keepAliveTimeoutMs: 75_000,
  bodyIdleMs: 60_000,
  bodyWindowMs: 60_000,
  minBodyBytesPerSecond: 1024,
  responseIdleMs: 120_000,
  unreadBodyBytes: 1_048_576,
  lingerMs: 5000,
  drainMs: 30_000,
  readyTimeoutMs: 2000,
  maxPageNames: 1000,
  maxReferrersBytes: 4_000_000,
  maxTagsPerPush: 100,
};
