import { readRegion } from '@atoll/registry';
import { openReadOnlyStore, openUnprovedStore } from '@atoll/runtime';
import {
  examineCopy,
  examinePeer,
  examineSettings,
  examineStore,
  inTime,
  isStorageError,
  type Finding,
  type ObjectStore,
  type ReadableStore,
} from '@atoll/storage';
import { adviceOn } from './advice.js';
import type { RegionPlan } from './region.js';
import { plansNamedBy } from './status.js';
import type { Surroundings } from './surroundings.js';

/** As it is printed with `--json`. */
interface Line {
  readonly tried: string;
  readonly outcome: Finding['outcome'];
  readonly meaning: string;
  /** What to do about it. */
  readonly advice?: string;
}

interface Bucket {
  readonly region: string;
  /** Whether this region's own or another's, which is only read. */
  readonly role: 'own' | 'peer';
  readonly url: string;
  readonly lines: readonly Line[];
}

const IDENTITY_LIMIT_MS = 15_000;

/**
 * Tries all that a region asks of its bucket and of its peers', and tells what each answer means and what to do. Works beside
 * running processes. Answers 1 when something has to be mended before the region can run.
 */
export async function doctor({ env, stdout }: Surroundings, { json }: { readonly json: boolean }): Promise<number> {
  const buckets: Bucket[] = [];
  for (const plan of plansNamedBy(env)) {
    for await (const bucket of examineRegion(plan)) {
      buckets.push(bucket);
      if (!json) stdout.write(textOf(bucket));
    }
  }
  const ok = buckets.every(({ lines }) => lines.every(({ outcome }) => outcome !== 'failed'));
  if (json) stdout.write(`${JSON.stringify({ ok, buckets }, undefined, 2)}\n`);
  else stdout.write(ok ? 'Nothing keeps this from running.\n' : 'What failed has to be mended first.\n');
  return ok ? 0 : 1;
}

async function* examineRegion({ region, storage, peers }: RegionPlan): AsyncGenerator<Bucket> {
  const own: Line[] = [];
  const { writable, readable } = await openOwn(storage, own);
  try {
    if (readable) {
      const findings = writable ? examineStore(writable) : examinePeer(readable);
      for await (const finding of findings) own.push(lineOf(finding, storage));
      if (writable && own.every(({ outcome }) => outcome !== 'failed')) {
        for (const finding of await examineSettings(writable)) own.push(lineOf(finding, storage));
      }
      own.push(...(await identityOf(readable, region, own)));
    }
    yield { region, role: 'own', url: storage, lines: own };
    for (const [peer, url] of peers) {
      yield { region: peer, role: 'peer', url, lines: await examineOther(peer, url, writable) };
    }
  } finally {
    await readable?.close();
  }
}

interface Own {
  readonly readable?: ReadableStore;
  /** The same, where it may be written to. */
  readonly writable?: ObjectStore;
}

/** Another process that owns the folder is no fault: then it is only read. */
async function openOwn(url: string, lines: Line[]): Promise<Own> {
  try {
    const store = await openUnprovedStore(url);
    return { readable: store, writable: store };
  } catch (cause) {
    if (!isStorageError(cause, 'locked')) {
      lines.push(lineOf(failureOf('open', cause), url));
      return {};
    }
    const meaning = `${cause.message}; it works there, so only reading is tried here`;
    lines.push({ tried: 'open', outcome: 'passed', meaning });
    return { readable: await openReadOnlyStore(url) };
  }
}

async function examineOther(region: string, url: string, own: ObjectStore | undefined): Promise<Line[]> {
  let store: ReadableStore | undefined;
  const lines: Line[] = [];
  try {
    store = await openReadOnlyStore(url);
    for await (const finding of examinePeer(store)) lines.push(lineOf(finding, url));
    lines.push(...(await identityOf(store, region, lines)));
    if (own && lines.every(({ outcome }) => outcome === 'passed')) {
      const copy = await examineCopy(own, store);
      if (copy) lines.push(lineOf(copy, url));
    }
  } catch (cause) {
    lines.push(lineOf(failureOf('open', cause), url));
  } finally {
    await store?.close();
  }
  return lines;
}

/** Whose bucket it is; nothing where it could not even be read. */
async function identityOf(store: ReadableStore, region: string, lines: readonly Line[]): Promise<Line[]> {
  if (lines.some(({ tried, outcome }) => tried === 'read' && outcome === 'failed')) return [];
  const tried = 'owner';
  try {
    const identity = await inTime((signal) => readRegion(store, { signal }), store.url, { limitMs: IDENTITY_LIMIT_MS });
    if (identity === undefined)
      return [{ tried, outcome: 'passed', meaning: `no region has started here; ${region} may` }];
    if (identity.region === region) return [{ tried, outcome: 'passed', meaning: `the bucket belongs to ${region}` }];
    const meaning = `the bucket belongs to region ${identity.region}, not to ${region}`;
    return [
      {
        tried,
        outcome: 'failed',
        meaning,
        advice: 'name the right bucket, or the right region (ATOLL_REGION, ATOLL_PEERS)',
      },
    ];
  } catch (cause) {
    return [lineOf(failureOf(tried, cause), store.url)];
  }
}

function failureOf(tried: string, cause: unknown): Finding {
  return { tried, outcome: 'failed', meaning: cause instanceof Error ? cause.message : String(cause), cause };
}

function lineOf({ tried, outcome, meaning, cause }: Finding, url: string): Line {
  const advice = outcome === 'failed' ? adviceOn(cause, url) : undefined;
  return { tried, outcome, meaning, ...(advice !== undefined && { advice }) };
}

function textOf({ region, role, url, lines }: Bucket): string {
  const title = role === 'own' ? `${region}: ${url}` : `${region}, another region, only read: ${url}`;
  const rows = lines.flatMap(({ tried, outcome, meaning, advice }) => {
    const row = `  ${(outcome === 'failed' ? 'FAILED' : outcome).padEnd(8)} ${tried.padEnd(24)} ${meaning}`;
    return advice === undefined ? [row] : [row, `${' '.repeat(36)}${advice}`];
  });
  return `${[title, ...rows].join('\n')}\n\n`;
}
