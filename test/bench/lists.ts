import { join } from 'node:path';
import pLimit from 'p-limit';
import { filledContent, image } from '../harness/images.js';
import { pushImage, putManifest } from '../harness/push.js';
import { expectStatus } from '../harness/wire.js';
import { median, rateFigure, type BenchContext, type Figure } from './figures.js';
import { startServe, stopPeer, type Peer } from './peers.js';
import { plantNames, repositoryAt, tagAt } from './planted-names.js';
import { settle } from './settle.js';

const REPOSITORY = 'bench/lists';
const PAGE = 100;
const MOST = 1.5;
const ASKED_IN_A_ROUND = 40;
const PUSHED_IN_A_ROUND = 100;
const PUSHERS = 8;

const FEW = { tags: 1_000, repositories: 1_000 };
const MANY = { tags: 100_000, repositories: 50_000 };
const sample = image('lists', [filledContent('one', 1_000)]);

/** A region with few names and one with many, which take turns. */
interface Pair {
  readonly few: Peer;
  readonly many: Peer;
}

/** Pages of 100 of very many tags and repositories, beside the same pages of a thousand, and pushes of tags beside very many others. */
export async function benchLists({ folder, rounds, note }: BenchContext): Promise<Figure[]> {
  note('lists: planting names');
  const pair = { few: await serve(join(folder, 'few'), FEW), many: await serve(join(folder, 'many'), MANY) };
  const asked = rounds * ASKED_IN_A_ROUND;
  const figures: Figure[] = [];
  note('lists: the first page after a start');
  const cold = await times(pair, 1, tagPages('first'));
  figures.push(unjudged('tag page of 100 in 100,000, the first one after a start', cold));
  for (const place of PLACES)
    figures.push(judged(`tag page of 100 in 100,000, ${place}`, await times(pair, asked, tagPages(place))));
  for (const place of PLACES) {
    figures.push(judged(`catalog page of 100 in 50,000, ${place}`, await times(pair, asked, catalogPages(place))));
  }
  note('lists: while tags are pushed');
  figures.push(
    judged('tag page of 100 in 100,000, first, while one client pushes tags', await whilePushing(pair, asked)),
  );
  figures.push(unjudged('tag page of 100 in 100,000, another page each time', await times(pair, 300, anyTagPage)));
  figures.push(await tagging(pair, rounds));
  for (const [name, peer] of Object.entries(pair)) await stopPeer(peer, join(folder, name));
  return figures;
}

async function serve(folder: string, counts: typeof FEW): Promise<Peer> {
  const first = await startServe(folder);
  await pushImage(first.wire, REPOSITORY, sample, 'seed');
  await stopPeer(first);
  plantNames(join(folder, 'bucket'), { repository: REPOSITORY, tag: 'seed' }, counts);
  // What was planted is not flushed yet, and whoever flushes next would wait for all of it.
  settle(folder);
  return startServe(folder);
}

const PLACES = ['first', 'middle', 'last'] as const;
type Place = (typeof PLACES)[number];
type PathOf = (counts: typeof FEW, time: number) => string;

function tagPages(place: Place): PathOf {
  return ({ tags }) => tagPage(placeOf(place, tags));
}

function catalogPages(place: Place): PathOf {
  return ({ repositories }) => {
    const before = placeOf(place, repositories);
    return `/v2/_catalog?n=${PAGE}${before < 0 ? '' : `&last=${repositoryAt(before)}`}`;
  };
}

/** In steps that are no part of the whole, so that no two pages are the same until all have been asked for. */
const anyTagPage: PathOf = ({ tags }, time) => tagPage(((time + 1) * PAGE * 37) % tags);

function tagPage(before: number): string {
  return `/v2/${REPOSITORY}/tags/list?n=${PAGE}${before < 0 ? '' : `&last=${tagAt(before)}`}`;
}

/** The place of the name before the page. */
function placeOf(place: Place, count: number): number {
  return place === 'first' ? -1 : Math.floor(place === 'middle' ? count / 2 : count - PAGE - 1);
}

/** Medians, in milliseconds. */
interface Times {
  readonly few: number;
  readonly many: number;
}

async function times({ few, many }: Pair, count: number, pathOf: PathOf): Promise<Times> {
  const found = { few: [] as number[], many: [] as number[] };
  for (let time = 0; time < count; time++) {
    found.few.push(await askedFor(few, pathOf(FEW, time)));
    found.many.push(await askedFor(many, pathOf(MANY, time)));
  }
  return { few: median(found.few), many: median(found.many) };
}

async function askedFor({ wire }: Peer, path: string): Promise<number> {
  const begin = performance.now();
  expectStatus(path, await wire.send('GET', path), 200);
  return performance.now() - begin;
}

async function whilePushing(pair: Pair, count: number): Promise<Times> {
  const stop = new AbortController();
  const push = async ({ wire }: Peer): Promise<void> => {
    for (let n = 0; !stop.signal.aborted; n++) await putManifest(wire, REPOSITORY, sample, `while-${n}`);
  };
  const pushing = Promise.all([push(pair.few), push(pair.many)]);
  try {
    return await times(pair, count, tagPages('first'));
  } finally {
    stop.abort();
    await pushing;
  }
}

async function tagging(pair: Pair, rounds: number): Promise<Figure> {
  const rates = { few: [] as number[], many: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const name of ['few', 'many'] as const) rates[name].push(await taggedPerSecond(pair[name], `round-${round}`));
  }
  const beside = { name: 'in 1,000', value: median(rates.few) };
  return rateFigure('manifests tagged beside 100,000 tags, 8 at once', 'per s', median(rates.many), beside, 0.8);
}

async function taggedPerSecond({ wire }: Peer, prefix: string): Promise<number> {
  const begin = performance.now();
  const numbers = Array.from({ length: PUSHED_IN_A_ROUND }, (_, n) => n);
  await pLimit(PUSHERS).map(numbers, (n) => putManifest(wire, REPOSITORY, sample, `${prefix}-${n}`));
  return (PUSHED_IN_A_ROUND * 1000) / (performance.now() - begin);
}

function judged(what: string, found: Times): Figure {
  return { ...unjudged(what, found), wanted: `at most ${MOST} x`, met: found.many <= MOST * found.few };
}

function unjudged(what: string, { few, many }: Times): Figure {
  return {
    what,
    atoll: `${many.toFixed(2)} ms`,
    other: `in 1,000: ${few.toFixed(2)} ms`,
    ratio: `${(many / few).toFixed(2)} x`,
    wanted: '-',
  };
}
