/** A promise that is awaited later; its failure is no unhandled one until then. */
export function held<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
