/** What the caller got wrong, in a sentence that says what to do about it: printed alone, with exit status 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
