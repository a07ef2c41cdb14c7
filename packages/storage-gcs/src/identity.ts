/** What requests are made as. */
export interface GcsIdentity {
  /** Whether `sign` is worth asking. */
  readonly signs: boolean;

  /**
   * The token that requests carry; the same one until it is about to expire. `undefined` for requests without one.
   * @throws GcsFailure
   */
  token(): Promise<string | undefined>;

  /** The server did not accept this token: the next one is a new one. */
  renew(stale: string): void;

  /**
   * The RSA-SHA256 signature of a text, which may name the service account that signs it. `undefined` where the identity cannot or
   * may not. @throws GcsFailure
   */
  sign(textFor: (account: string) => string): Promise<Buffer | undefined>;
}

/** Requests without a token, as emulators take them. */
export const ANONYMOUS: GcsIdentity = {
  signs: false,
  token: () => Promise.resolve(undefined),
  renew: () => undefined,
  sign: () => Promise.resolve(undefined),
};
