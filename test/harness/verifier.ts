import pLimit from 'p-limit';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { MANIFEST_TYPES } from './images.js';
import { absentTag, type Ledger, type Promised } from './ledger.js';
import { sha256, UnexpectedAnswer, type Wire } from './wire.js';

const ACCEPT = { headers: { Accept: MANIFEST_TYPES } };
const Catalog = z.object({ repositories: z.array(z.string()) });
const TagList = z.object({ tags: z.array(z.string()).nullable() });
const AT_ONCE = 24;
const MOST_REDIRECTS = 12;

/** Compares what regions serve with what a ledger says they promised. Answers sentences, one per broken promise. */
export class Verifier {
  readonly #goodBlobs = new Set<string>();

  constructor(
    private readonly ledger: Ledger,
    private readonly regions: ReadonlyMap<string, Wire>,
  ) {}

  /** A region serves at once what it acknowledged itself, whatever happened to its process. */
  async atHome(sample: readonly Promised[]): Promise<string[]> {
    return this.#each(sample, (promised) => this.#fault(promised.region, promised));
  }

  /** Everything, everywhere. What is late is asked for again until `patienceMs` have passed. */
  async everywhere(patienceMs: number): Promise<string[]> {
    const deadline = Date.now() + patienceMs;
    const home = await this.atHome(this.ledger.promised);
    const faults = [...home];
    for (const region of this.regions.keys()) {
      faults.push(
        ...(await this.#each(this.ledger.promised, (promised) => until(deadline, () => this.#fault(region, promised)))),
      );
      faults.push(
        ...(await this.#each(this.ledger.deleted, (gone) => until(deadline, () => this.#stillThere(region, gone)))),
      );
      faults.push(...(await this.#each(this.ledger.tags, (tag) => until(deadline, () => this.#tagFault(region, tag)))));
    }
    return [...faults, ...(await this.#projections(deadline))];
  }

  async #each<T>(list: readonly T[], check: (item: T) => Promise<string | undefined>): Promise<string[]> {
    const limit = pLimit(AT_ONCE);
    const faults = await Promise.all(list.map((item) => limit(check, item)));
    return faults.filter((fault) => fault !== undefined);
  }

  async #fault(
    region: string,
    { repository, digest, sizeBytes, blobs, region: home }: Promised,
  ): Promise<string | undefined> {
    const where = `${region}: ${repository}@${digest} (pushed to ${home})`;
    const manifest = await this.#wire(region).send('GET', `/v2/${repository}/manifests/${digest}`, ACCEPT);
    if (manifest.status !== 200) return `${where}: manifest ${manifest.status}`;
    if (manifest.body.length !== sizeBytes || sha256(manifest.body) !== digest)
      return `${where}: other bytes than pushed`;
    for (const blob of blobs) {
      const fault = await this.#blobFault(region, repository, blob);
      if (fault !== undefined) return `${where}: ${fault}`;
    }
    return undefined;
  }

  async #blobFault(
    region: string,
    repository: string,
    { digest, sizeBytes }: Promised['blobs'][number],
  ): Promise<string | undefined> {
    const name = `${region} ${repository} ${digest}`;
    if (this.#goodBlobs.has(name)) return undefined;
    const { status, body } = await this.#blob(region, `/v2/${repository}/blobs/${digest}`);
    if (status !== 200) return `blob ${digest} ${status}`;
    if (body.length !== sizeBytes || sha256(body) !== digest) return `blob ${digest} has other bytes than pushed`;
    this.#goodBlobs.add(name);
    return undefined;
  }

  /** Goes where it is sent, and comes back for a fresh URL where that leads nowhere. */
  async #blob(region: string, path: string): Promise<{ readonly status: number; readonly body: Buffer }> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#wire(region).send('GET', path);
      if (answer.status !== 307) return answer;
      const found = await follow(answer.headers.location ?? '');
      if (found?.status === 200) return found;
      if (attempt === MOST_REDIRECTS)
        throw new Error(`${region}: ${path} led to ${found?.status ?? 'no answer'} ${attempt} times`);
    }
  }

  /** Blobs are asked for once per region and repository; after a kill they are asked for again. */
  forget(): void {
    this.#goodBlobs.clear();
  }

  async #stillThere(region: string, { repository, digest }: Promised): Promise<string | undefined> {
    const { status } = await this.#wire(region).send('HEAD', `/v2/${repository}/manifests/${digest}`, ACCEPT);
    return status === 404 ? undefined : `${region}: ${repository}@${digest} was deleted and answers ${status}`;
  }

  async #tagFault(region: string, { repository, tag, allowed }: Ledger['tags'][number]): Promise<string | undefined> {
    const named = await this.#resolve(region, repository, tag);
    return allowed.has(named)
      ? undefined
      : `${region}: ${repository}:${tag} is ${named}, acknowledged was ${[...allowed].join(' or ')}`;
  }

  async #resolve(region: string, repository: string, tag: string): Promise<string> {
    const { status, body } = await this.#wire(region).send('GET', `/v2/${repository}/manifests/${tag}`, ACCEPT);
    return status === 200 ? sha256(body) : status === 404 ? absentTag() : `answered ${status}`;
  }

  /** Every listed tag names something, and all regions list the same tags for the same digests. */
  async #projections(deadline: number): Promise<string[]> {
    for (;;) {
      const views = await Promise.all(
        [...this.regions.keys()].map(async (region) => ({ region, tags: await this.tagsOf(region) })),
      );
      const faults = differences(views);
      if (faults.length === 0 || Date.now() >= deadline) return faults;
      await sleep(250);
    }
  }

  /** All tags of a region with what they resolve to. */
  async tagsOf(region: string): Promise<Map<string, string>> {
    const tags = new Map<string, string>();
    for (const repository of await this.#repositories(region)) {
      const names = TagList.parse(await this.#json(region, `/v2/${repository}/tags/list?n=1000`)).tags ?? [];
      const limit = pLimit(AT_ONCE);
      const digests = await Promise.all(names.map((tag) => limit(() => this.#resolve(region, repository, tag))));
      names.forEach((tag, at) => tags.set(`${repository}:${tag}`, digests[at] ?? absentTag()));
    }
    return tags;
  }

  async #repositories(region: string): Promise<string[]> {
    return Catalog.parse(await this.#json(region, '/v2/_catalog?n=1000')).repositories;
  }

  async #json(region: string, path: string): Promise<unknown> {
    const answer = await this.#wire(region).send('GET', path);
    if (answer.status !== 200) throw new UnexpectedAnswer(`GET ${region} ${path}`, answer);
    return JSON.parse(answer.body.toString('utf8'));
  }

  #wire(region: string): Wire {
    const wire = this.regions.get(region);
    if (wire === undefined) throw new Error(`no region ${region}`);
    return wire;
  }
}

async function until(deadline: number, check: () => Promise<string | undefined>): Promise<string | undefined> {
  for (;;) {
    const fault = await check();
    if (fault === undefined || Date.now() >= deadline) return fault;
    await sleep(100);
  }
}

function differences(views: readonly { region: string; tags: Map<string, string> }[]): string[] {
  const names = new Set(views.flatMap(({ tags }) => [...tags.keys()]));
  const faults: string[] = [];
  for (const name of names) {
    const seen = views.map(({ region, tags }) => ({ region, digest: tags.get(name) ?? 'not listed' }));
    const same = seen.every(({ digest }) => digest === seen[0]?.digest);
    const named = seen.every(({ digest }) => digest.startsWith('sha256:'));
    if (!same || !named)
      faults.push(`tag ${name}: ${seen.map(({ region, digest }) => `${region} ${digest}`).join(', ')}`);
  }
  return faults;
}

/** As a client does, without credentials; `undefined` where no whole answer comes. */
async function follow(url: string): Promise<{ readonly status: number; readonly body: Buffer } | undefined> {
  try {
    const answer = await fetch(url);
    return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
  } catch {
    return undefined;
  }
}
