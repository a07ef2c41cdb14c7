declare const hybridTimeBrand: unique symbol;

/**
 * A hybrid logical clock's reading as text that sorts as it ranks: 12 hex digits of milliseconds, a dash, 4 hex digits of a counter.
 * It never falls behind what its writer has seen, so a causally later write ranks later whatever the clocks say.
 */
export type HybridTime = string & { readonly [hybridTimeBrand]: true };

const PATTERN = /^[0-9a-f]{12}-[0-9a-f]{4}$/;
const MAX_COUNTER = 0xffff;
const MAX_MILLISECONDS = 0xffffffffffff;

export function isHybridTime(text: string): text is HybridTime {
  return PATTERN.test(text);
}

/** The wall-clock part, in milliseconds since 1970. */
export function millisecondsOf(time: HybridTime): number {
  return parseInt(time.slice(0, 12), 16);
}

/** The smallest reading that is at `now` or later and after everything in `seen`. */
export function nextHybridTime(nowMilliseconds: number, seen: Iterable<HybridTime>): HybridTime {
  let latest: HybridTime | undefined;
  for (const time of seen) if (latest === undefined || time > latest) latest = time;
  const fresh = format(nowMilliseconds, 0);
  return latest === undefined || fresh > latest ? fresh : successor(latest);
}

function successor(time: HybridTime): HybridTime {
  const counter = parseInt(time.slice(13), 16);
  return counter < MAX_COUNTER ? format(millisecondsOf(time), counter + 1) : format(millisecondsOf(time) + 1, 0);
}

function format(milliseconds: number, counter: number): HybridTime {
  if (!(milliseconds >= 0 && milliseconds <= MAX_MILLISECONDS)) throw new RangeError(`no time: ${milliseconds} ms`);
  const whole = Math.floor(milliseconds).toString(16).padStart(12, '0');
  return `${whole}-${counter.toString(16).padStart(4, '0')}` as HybridTime;
}
