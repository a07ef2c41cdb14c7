const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  PAGINATION_NUMBER_INVALID: 400,
  PRECONDITION_FAILED: 412,
  RANGE_INVALID: 416,
  SIZE_INVALID: 400,
  TAG_INVALID: 400,
  TOOMANYREQUESTS: 429,
  UNAUTHORIZED: 401,
  UNAVAILABLE: 503,
  UNKNOWN: 500,
  UNSUPPORTED: 405,
} as const;

/** The codes a client can be told; distribution-spec, Error Codes, the de facto ones clients know, and one for RFC 9110's 412. */
export type RegistryCode = keyof typeof STATUS;

/** One row of the `errors` array of a response. */
export interface ErrorEntry {
  readonly code: RegistryCode;
  readonly message: string;
  readonly detail?: unknown;
}

interface More {
  readonly detail?: unknown;
  /** Overrides the code's own status. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
  /** Further rows, when one answer names several faults. */
  readonly others?: readonly ErrorEntry[];
}

/**
 * What a client is told: a code, a sentence a person can act on, and the status that goes with the code.
 * Codes: distribution-spec, Error Codes; UNKNOWN is for everything unforeseen.
 */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';

  constructor(
    readonly code: RegistryCode,
    message: string,
    readonly more: More = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
  }

  get status(): number {
    return this.more.status ?? STATUS[this.code];
  }

  /** Every row of the answer, this error's own first. */
  get entries(): ErrorEntry[] {
    const own: ErrorEntry =
      this.more.detail === undefined
        ? { code: this.code, message: this.message }
        : { code: this.code, message: this.message, detail: this.more.detail };
    return [own, ...(this.more.others ?? [])];
  }
}
