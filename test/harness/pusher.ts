import { filledContent, image, index, type Content, type Image } from './images.js';
import type { Ledger, Promised } from './ledger.js';
import { hasBlob, mountBlob, pushBlob, putManifest, type Manner } from './push.js';
import type { Random } from './random.js';
import { expectStatus, UnexpectedAnswer, type Wire } from './wire.js';

const MANNERS: readonly Manner[] = ['post-put', 'post-only', 'patch-put', 'chunks'];
const REPOSITORIES = ['storm/one', 'storm/two', 'storm/deep/three', 'storm'];
const SHARED_TAGS = ['latest', 'stable', 'Edge', 'edge'];
const SHARED_LAYERS = Array.from({ length: 12 }, (_, at) => filledContent(`shared ${at}`, 2_000 + at * 3_000));

interface Deletable {
  readonly pushed: Promised;
  readonly tag?: string;
}

/** One client of the storm: it pushes to one region at a time and writes down only what was acknowledged. */
export class Pusher {
  #count = 0;
  readonly #deletable: Deletable[] = [];

  constructor(
    private readonly name: string,
    private readonly random: Random,
    private readonly ledger: Ledger,
    private readonly regions: ReadonlyMap<string, Wire>,
  ) {}

  /** Does one thing. @throws UnexpectedAnswer for a refusal; any other error is a cut connection. */
  async step(): Promise<void> {
    const [region, wire] = this.random.pick([...this.regions]);
    const chance = this.random.next();
    if (chance < 0.08 && this.#deletable.length > 0) return this.#delete();
    if (chance < 0.18) return this.#pushIndex(region, wire);
    await this.#pushImage(region, wire);
  }

  async #pushImage(region: string, wire: Wire): Promise<void> {
    const repository = this.random.pick(REPOSITORIES);
    const pushed = this.#newImage();
    await this.#pushBlobs(wire, repository, pushed);
    const kind = this.random.next();
    if (kind < 0.35) return this.#putOwned(region, wire, repository, pushed);
    await this.#put(wire, repository, pushed, kind < 0.75 ? this.random.pick(SHARED_TAGS) : pushed.digest);
    const promised = this.ledger.pushed(region, repository, pushed);
    if (kind >= 0.75) this.#deletable.push({ pushed: promised });
  }

  /** Under a tag only this pusher writes, now and then one it has used before. */
  async #putOwned(region: string, wire: Wire, repository: string, pushed: Image): Promise<void> {
    const tag = `${this.name}-${region}-${this.random.between(0, 30)}`;
    this.ledger.tagging(repository, tag, pushed.digest);
    await this.#put(wire, repository, pushed, tag);
    this.ledger.tagged(repository, tag, pushed.digest);
    this.#deletable.push({ pushed: this.ledger.pushed(region, repository, pushed), tag });
  }

  async #pushIndex(region: string, wire: Wire): Promise<void> {
    const repository = this.random.pick(REPOSITORIES);
    const children = [this.#newImage(), this.#newImage()];
    for (const child of children) {
      await this.#pushBlobs(wire, repository, child);
      await this.#put(wire, repository, child, child.digest);
      this.ledger.pushed(region, repository, child);
    }
    const whole = index(children.map(({ digest, bytes }) => ({ digest, sizeBytes: bytes.length })));
    await this.#put(wire, repository, whole, this.random.pick(SHARED_TAGS));
    this.ledger.pushed(region, repository, whole);
  }

  /** Deletes a tag or a manifest it pushed itself, in the region it was pushed to. */
  async #delete(): Promise<void> {
    const [chosen] = this.#deletable.splice(this.random.between(0, this.#deletable.length - 1), 1);
    const wire = chosen && this.regions.get(chosen.pushed.region);
    if (chosen === undefined || wire === undefined) return;
    const { pushed, tag } = chosen;
    const manifests = `/v2/${pushed.repository}/manifests`;
    if (tag !== undefined) {
      this.ledger.tagging(pushed.repository, tag);
      // 404: an earlier, unanswered deletion of this tag was carried out.
      expectStatus(`DELETE tag ${tag}`, await wire.send('DELETE', `${manifests}/${tag}`), 202, 404);
      this.ledger.tagged(pushed.repository, tag);
      return;
    }
    this.ledger.deleting(pushed);
    expectStatus(`DELETE ${pushed.digest}`, await wire.send('DELETE', `${manifests}/${pushed.digest}`), 202);
    this.ledger.deletedManifest(pushed);
  }

  async #pushBlobs(wire: Wire, repository: string, { blobs }: Image): Promise<void> {
    for (const blob of blobs) {
      if (SHARED_LAYERS.includes(blob) && (await this.#has(wire, repository, blob.digest))) continue;
      await pushBlob(wire, repository, blob, this.random.pick(MANNERS));
    }
  }

  /** Whether the repository has a layer that many have, now at the latest. */
  async #has(wire: Wire, repository: string, digest: string): Promise<boolean> {
    if (this.random.next() < 0.5) return hasBlob(wire, repository, digest);
    return mountBlob(wire, repository, digest, this.random.pick(REPOSITORIES));
  }

  /** Puts a manifest, again while the registry says that too many others write the same tag. */
  async #put(wire: Wire, repository: string, pushed: Image, reference: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await putManifest(wire, repository, pushed, reference);
      } catch (cause) {
        if (!(cause instanceof UnexpectedAnswer) || cause.answer.status !== 429 || attempt === 5) throw cause;
      }
    }
  }

  #newImage(): Image {
    this.#count += 1;
    const name = `${this.name} ${this.#count}`;
    const own: Content = filledContent(name, this.random.next() < 0.05 ? 400_000 : this.random.between(1, 20_000));
    return image(name, this.random.next() < 0.3 ? [own] : [own, this.random.pick(SHARED_LAYERS)]);
  }
}
