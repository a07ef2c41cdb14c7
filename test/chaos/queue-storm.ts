import { mkdirSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { serveRegion, type Served } from '../harness/atoll.js';
import { Ledger } from '../harness/ledger.js';
import { Pusher } from '../harness/pusher.js';
import { Random } from '../harness/random.js';
import { eventually, freePorts, Service } from '../harness/service.js';
import { Verifier } from '../harness/verifier.js';
import { UnexpectedAnswer } from '../harness/wire.js';

export interface QueueStormOptions {
  readonly folder: string;
  readonly seconds: number;
  readonly seed: number;
  readonly pushers?: number;
  readonly progress?: (line: string) => void;
}

export interface QueueStormReport {
  readonly acknowledged: number;
  readonly flushes: number;
  readonly kills: number;
  /** The most keys Redis held when it was about to be emptied: 0 would mean that nothing ever waited there. */
  readonly mostKeys: number;
  readonly equalAfterMs: number;
  readonly faults: readonly string[];
}

/** A real `redis-server` without persistence, which can be emptied and killed. */
class Redis {
  #service: Service | undefined;

  constructor(
    readonly port: number,
    private readonly folder: string,
  ) {}

  async start(): Promise<void> {
    const args = [
      '--port',
      String(this.port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      this.folder,
    ];
    this.#service = new Service({ command: 'redis-server', args, logFile: join(this.folder, 'redis.log') });
    const patience = { timeoutMs: 10_000, what: `redis-server on port ${this.port}` };
    await eventually(async () => ((await this.say('PING')) === '+PONG' ? true : undefined), patience);
  }

  async say(command: string): Promise<string> {
    const socket = connect(this.port, '127.0.0.1').setEncoding('utf8');
    const signal = AbortSignal.timeout(2_000);
    await once(socket, 'connect', { signal });
    socket.write(`${command}\r\n`);
    const [answer] = (await once(socket, 'data', { signal })) as [string];
    socket.destroy();
    return answer.trim();
  }

  async kill(): Promise<void> {
    await this.#service?.kill();
  }
}

/** Two regions, a process each, whose jobs wait in a Redis that is emptied and killed at random while clients push. */
export async function queueStorm(options: QueueStormOptions): Promise<QueueStormReport> {
  mkdirSync(options.folder, { recursive: true });
  const [port = 0, eu = 0, us = 0] = await freePorts(3);
  const redis = new Redis(port, options.folder);
  await redis.start();
  const bucket = (region: string): string => join(options.folder, region);
  const start = (region: string, peer: string, at: number): Promise<Served> =>
    serveRegion(
      {
        folder: bucket(region),
        region,
        peers: { [peer]: bucket(peer) },
        withWorker: true,
        env: { ATOLL_QUEUE: `redis://127.0.0.1:${port}/0` },
      },
      at,
      join(options.folder, `${region}.log`),
    );
  const served = new Map([
    ['eu', await start('eu', 'us', eu)],
    ['us', await start('us', 'eu', us)],
  ]);
  try {
    return await stormOn(served, redis, options);
  } finally {
    await Promise.all([...served.values()].map(({ service }) => service.stop()));
    await redis.kill();
  }
}

async function stormOn(
  served: ReadonlyMap<string, Served>,
  redis: Redis,
  { folder, seconds, seed, pushers = 4, progress }: QueueStormOptions,
): Promise<QueueStormReport> {
  const regions = new Map([...served].map(([region, { wire }]) => [region, wire]));
  const ledger = new Ledger(join(folder, 'acknowledged.txt'));
  const faults: string[] = [];
  const storm = { over: false };
  const pushing = Array.from({ length: pushers }, (_, at) => {
    const pusher = new Pusher(`p${at}`, new Random(seed * 100 + at), ledger, regions);
    return push(pusher, storm, faults);
  });
  const tell = (line: string): void => progress?.(`${line}, ${ledger.acknowledged} pushes acknowledged`);
  const torments = await torment(redis, new Random(seed), seconds, tell);
  storm.over = true;
  await Promise.all(pushing);
  const begin = Date.now();
  faults.push(...(await new Verifier(ledger, regions).everywhere(120_000)));
  return { ...torments, acknowledged: ledger.acknowledged, equalAfterMs: Date.now() - begin, faults };
}

/** Redis being gone is no reason to refuse a push, so any refusal is a fault. */
async function push(pusher: Pusher, storm: { over: boolean }, faults: string[]): Promise<void> {
  while (!storm.over && faults.length < 20) {
    try {
      await pusher.step();
    } catch (cause) {
      faults.push(cause instanceof UnexpectedAnswer ? cause.message : String(cause));
    }
  }
}

async function torment(
  redis: Redis,
  random: Random,
  seconds: number,
  told: (line: string) => void,
): Promise<Pick<QueueStormReport, 'flushes' | 'kills' | 'mostKeys'>> {
  const until = Date.now() + seconds * 1_000;
  const done = { flushes: 0, kills: 0, mostKeys: 0 };
  while (Date.now() < until) {
    await sleep(random.between(100, 1_200));
    if (random.next() < 0.5) {
      done.mostKeys = Math.max(done.mostKeys, Number((await redis.say('DBSIZE')).slice(1)));
      await redis.say('FLUSHALL');
      done.flushes += 1;
    } else {
      await redis.kill();
      await sleep(random.between(0, 1_500));
      await redis.start();
      done.kills += 1;
    }
    told(`${done.flushes} flushes, ${done.kills} kills`);
  }
  return done;
}
