import { networkFaults, type FaultedRequest, type ServerFault } from '@atoll/storage/faulty-server';
import type { Random } from '../harness/random.js';

/** A fake store server whose requests meet what is planned for them. */
export interface Weathered<Name extends string> {
  readonly faults: { weather: (name: Name, request: FaultedRequest) => ServerFault | undefined };
}

/** What a network and a store do to any request now and then. */
const ANY: readonly ServerFault[] = [
  // Hangs end earlier than the patience of drivers, which is more than a storm has.
  ...networkFaults({ lateMs: 1_500, haltMs: 200, hangMs: 1_000 }),
  { kind: 'slow', milliseconds: 200 },
  { kind: 'refuse', status: 429, code: 'TooManyRequests', retryAfter: '1' },
  { kind: 'refuse', status: 500, code: 'InternalError' },
  { kind: 'refuse', status: 503, code: 'SlowDown' },
  { kind: 'refuse', status: 503, code: 'SlowDown', retryAfter: '1' },
];
/** What temporary credentials meet at their end, and sometimes before. */
export const EXPIRED: ServerFault = { kind: 'refuse', status: 400, code: 'ExpiredToken' };
/** Amazon's answer to writes that collide, whether or not any has won. */
const COLLISION: ServerFault = { kind: 'refuse', status: 409, code: 'ConditionalRequestConflict' };
/** The answer to a signed URL whose time is over. */
const URL_EXPIRED: ServerFault = { kind: 'refuse', status: 403, code: 'AccessDenied' };
const SIGNED = /(?:^|&)(?:X-Amz-Signature|X-Goog-Signature|sig)=/i;
const CUT_PAGE: ServerFault = { kind: 'cut-page', keys: 1 };

export interface FoulWeather {
  /** Of 1: how many requests meet a fault. */
  readonly share: number;
  readonly random: Random;
  /** Called before every request, for what else may happen. */
  readonly also?: () => void;
}

/** Lets a share of a server's requests meet faults, of every kind, until the weather is set {@link fair}. */
export function foul<Name extends string>(
  server: Weathered<Name>,
  { share, random, also = () => undefined }: FoulWeather,
  kinds: {
    readonly writes?: readonly Name[];
    readonly lists?: readonly Name[];
    /** What any request to this server may meet beside the usual. */
    readonly any?: readonly ServerFault[];
  },
): Map<string, number> {
  const met = new Map<string, number>();
  server.faults.weather = (name, { method, query }) => {
    also();
    if (random.next() >= share) return undefined;
    const more = [
      ...(kinds.any ?? []),
      ...(kinds.writes?.includes(name) ? [COLLISION] : []),
      ...(method === 'GET' && SIGNED.test(query) ? [URL_EXPIRED] : []),
      ...(kinds.lists?.includes(name) ? [CUT_PAGE] : []),
    ];
    const fault = random.pick([...ANY, ...more]);
    const kind = fault.kind === 'refuse' ? `HTTP ${fault.status}` : fault.kind;
    met.set(kind, (met.get(kind) ?? 0) + 1);
    return fault;
  };
  return met;
}

export function fair<Name extends string>(server: Weathered<Name>): void {
  server.faults.weather = () => undefined;
}
