import type { Goal } from './goals.js';

const MEBIBYTE = 1024 * 1024;

/** Columns of the table, in its order. Registries that are named on the command line come after `zot`. */
export const ATOLL = 'Atoll';
export const DOCKER_REGISTRY = 'docker-registry';
export const DISTRIBUTION = 'distribution';
export const OLAREG = 'olareg';
export const ZOT = 'zot';
export const BARE = 'bare node:http';
export const EXPRESS = 'Express';
export const NGINX = 'nginx';
export const DISK = 'hash + write';

/** How much is moved and for how long. */
export interface Sizes {
  readonly large: number;
  readonly many: { readonly sizeBytes: number; readonly count: number; readonly streams: number };
  /** GETs before the first row, of a process that has just been started. */
  readonly freshSeconds: number;
  readonly warmSeconds: number;
  readonly requestSeconds: number;
  /** For images and tags: what serves a push is more than what serves a GET, and takes longer to be compiled. */
  readonly pushWarmSeconds: number;
  readonly pushSeconds: number;
  readonly settled: boolean;
}

export const FULL: Sizes = {
  large: 512 * MEBIBYTE,
  many: { sizeBytes: 32 * MEBIBYTE, count: 16, streams: 8 },
  freshSeconds: 4,
  warmSeconds: 1,
  requestSeconds: 2,
  pushWarmSeconds: 4,
  pushSeconds: 3,
  settled: true,
};

/** Enough to see that every row can be measured, far too little to judge anything by. */
export const SMALL: Sizes = {
  large: 2 * MEBIBYTE,
  many: { sizeBytes: MEBIBYTE / 4, count: 16, streams: 8 },
  freshSeconds: 0.2,
  warmSeconds: 0.1,
  requestSeconds: 0.2,
  pushWarmSeconds: 0.1,
  pushSeconds: 0.3,
  settled: false,
};

/** What one request asks for. */
export type Target = 'tag' | 'digest' | 'blob' | 'ping';

export type Measure =
  | { readonly kind: 'requests'; readonly method: 'GET' | 'HEAD'; readonly target: Target }
  | { readonly kind: 'pull'; readonly streams: number; readonly repeats: number }
  | { readonly kind: 'push'; readonly shape: 'large' | 'many' }
  | { readonly kind: 'images' | 'tags' }
  | { readonly kind: 'memory' };

export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly measure: Measure;
  readonly goals: readonly Goal[];
}

function times(least: number, column: string): Goal {
  return { kind: 'times', least, column };
}

function requests(what: string, method: 'GET' | 'HEAD', target: Target, goals: readonly Goal[] = []): Row {
  return { what, unit: 'per s', measure: { kind: 'requests', method, target }, goals };
}

/** The rows of the table. `registries` are the columns that `past every registry` means. */
export function tableRows(registries: readonly string[]): Row[] {
  const past: Goal = { kind: 'past', columns: registries };
  const pastZot: Goal = { kind: 'past', columns: [ZOT] };
  const manifest = [times(10, DOCKER_REGISTRY), pastZot, times(0.5, BARE)];
  const pull = (streams: number, repeats: number): Row => ({
    what: `blob GET 512 MiB, ${streams === 1 ? 'one stream' : `${streams} streams`}`,
    unit: 'MB/s',
    measure: { kind: 'pull', streams, repeats },
    goals: [past, times(0.7, NGINX)],
  });
  const push = (what: string, shape: 'large' | 'many'): Row => ({
    what,
    unit: 'MB/s',
    measure: { kind: 'push', shape },
    goals: [past, times(0.7, DISK)],
  });
  return [
    requests('manifest GET by tag', 'GET', 'tag', manifest),
    requests('manifest GET by digest', 'GET', 'digest', manifest),
    requests('manifest HEAD by tag', 'HEAD', 'tag', manifest),
    requests('blob GET 10 KiB', 'GET', 'blob', [times(12, DOCKER_REGISTRY), pastZot]),
    requests('ping, GET /v2/', 'GET', 'ping'),
    pull(1, 2),
    pull(4, 4),
    push('blob push 512 MiB, one stream', 'large'),
    push('blob push 16 x 32 MiB, 8 at a time', 'many'),
    {
      what: 'small images pushed, 16 at a time',
      unit: 'per s',
      measure: { kind: 'images' },
      goals: [times(4, DOCKER_REGISTRY)],
    },
    {
      what: 'manifests tagged in one repository, 16 at a time',
      unit: 'per s',
      measure: { kind: 'tags' },
      goals: [times(2, DOCKER_REGISTRY)],
    },
    {
      what: 'resident memory after all of it',
      unit: 'MiB',
      measure: { kind: 'memory' },
      goals: [{ kind: 'under', most: 300 }],
    },
  ];
}
