/** How long to wait after the given number of failures: doubling, with jitter so that many do not return at once. */
export type Backoff = (failures: number) => number;

export function exponentialBackoff(
  o: { readonly firstMs?: number; readonly mostMs?: number; readonly random?: () => number } = {},
): Backoff {
  const { firstMs = 200, mostMs = 30_000, random = Math.random } = o;
  return (failures) => {
    const full = Math.min(mostMs, firstMs * 2 ** Math.min(failures - 1, 20));
    return Math.round(full * (0.75 + 0.25 * random()));
  };
}
