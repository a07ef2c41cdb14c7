import { Random } from '../harness/random.js';
import { brokenOff, expecting, tooMuch } from './breaking-off.js';
import { Connection, Fault, type Step, type Target } from './connection.js';
import { ambiguousFraming, damagedBytes, stowaways } from './framing.js';
import { wrongManifests, wrongRequests, wrongUploads } from './hostile.js';
import { Nasty } from './nasty.js';
import { batch, type Episode, type OpenUpload, type Scene } from './scene.js';
import { pushAndPull, uploadInChunks } from './well-behaved.js';
import type { World } from './world.js';

/** How often each kind of episode comes, among all. */
const KINDS: readonly (readonly [number, (scene: Scene) => Episode])[] = [
  [600, wrongRequests],
  [25, pushAndPull],
  [20, uploadInChunks],
  [40, wrongManifests],
  [25, wrongUploads],
  [60, stowaways],
  [50, ambiguousFraming],
  [70, damagedBytes],
  [25, brokenOff],
  [10, expecting],
  [2, tooMuch],
];
const TOTAL = KINDS.reduce((sum, [weight]) => sum + weight, 0);

export interface Found {
  readonly episode: number;
  readonly what: string;
  /** Everything sent on the connection until then. */
  readonly sent: readonly Step[];
}

/** One client: a connection at a time, an episode after another, each with a seed of its own. */
export class Lane {
  readonly found: Found[] = [];
  readonly statuses = new Map<number, number>();
  requests = 0;
  readonly #uploads: OpenUpload[] = [];
  #connection: Connection;

  constructor(
    private readonly number: number,
    private readonly target: Target,
    private readonly world: World,
    private readonly seed: number,
  ) {
    this.#connection = new Connection(target, this.statuses);
  }

  get waitingSince(): number | undefined {
    return this.#connection.waitingSince;
  }

  giveUp(reason: string): void {
    this.#connection.giveUp(reason);
  }

  async play(episode: number): Promise<void> {
    const random = new Random(Math.imul(this.seed, 0x9e3779b1) ^ Math.imul(episode + 1, 0x85ebca6b));
    const scene: Scene = {
      random,
      nasty: new Nasty(random),
      world: this.world,
      own: `lane/n${this.number}`,
      uploads: this.#uploads,
      prefix: String(episode),
    };
    await this.#perform(kindOf(random)(scene), episode);
  }

  /** Cancels what is open, so that whatever is left in the folder has leaked. */
  async finish(): Promise<void> {
    await this.#perform(cancelAll(this.#uploads.splice(0)), -1);
    this.#connection.close();
  }

  async #perform(story: Episode, episode: number): Promise<void> {
    try {
      for (let next = story.next([]); !next.done;) {
        this.requests += next.value.asks.length;
        next = story.next(await this.#connection.send(next.value));
      }
    } catch (cause) {
      if (!(cause instanceof Fault)) throw cause;
      this.found.push({ episode, what: cause.message, sent: this.#connection.sent });
      this.#connection.close();
      this.#connection = new Connection(this.target, this.statuses);
    }
  }
}

function* cancelAll(uploads: readonly OpenUpload[]): Episode {
  for (const { location } of uploads) {
    yield batch({ prefix: 'finish' }, 'cancel')
      .add({ method: 'DELETE', target: location }, { wanted: [204, 404] })
      .step();
  }
}

function kindOf(random: Random): (scene: Scene) => Episode {
  let left = random.next() * TOTAL;
  for (const [weight, kind] of KINDS) if ((left -= weight) < 0) return kind;
  return wrongRequests;
}
