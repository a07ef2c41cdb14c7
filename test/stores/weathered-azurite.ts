import { once } from 'node:events';
import { request as send, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { FaultyServer, type Answer, type Asked, type FakeService, type FaultPlan } from '@atoll/storage/faulty-server';
import { Azurite } from './azurite.js';

/** What the server in front says by itself; the length of what a HEAD is about it cannot know. */
const ITS_OWN = ['connection', 'keep-alive', 'transfer-encoding', 'date', 'content-length'];

/** Azurite behind a server in this process that fails where it is told to. */
export class WeatheredAzurite implements FakeService<string> {
  #server: FaultyServer<string> | undefined;

  private constructor(private readonly azurite: Azurite) {}

  /** @throws Error when Azurite cannot be had */
  static async start(): Promise<WeatheredAzurite> {
    const weathered = new WeatheredAzurite(await Azurite.start());
    weathered.#server = await FaultyServer.start(weathered);
    return weathered;
  }

  get faults(): FaultPlan<string> {
    return this.#running.faults;
  }

  get environment(): NodeJS.ProcessEnv {
    return this.azurite.environment;
  }

  url(prefix: string): string {
    return this.azurite.url(prefix, { origin: new URL(this.#running.endpoint) });
  }

  nameOf({ method }: Asked): string {
    return method;
  }

  async serve({ method, path, query, headers, body }: Asked): Promise<Answer> {
    const url = new URL(query === '' ? path : `${path}?${query}`, this.azurite.origin);
    const forwarded = send(url, { method, headers });
    forwarded.end(body);
    const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
    const kept = Object.entries(answer.headers).filter(([name]) => !ITS_OWN.includes(name));
    const sizeBytes = answer.headers['content-length'];
    const length = method === 'HEAD' && sizeBytes !== undefined && { 'Content-Length': sizeBytes };
    const all = { ...Object.fromEntries(kept), ...length };
    return { status: answer.statusCode ?? 502, headers: all, body: await buffer(answer) };
  }

  refuse(status: number, code: string): Answer {
    return { status, headers: { 'x-ms-error-code': code }, body: Buffer.alloc(0) };
  }

  now(): number {
    return Date.now();
  }

  async stop(): Promise<void> {
    await this.#running.stop();
    await this.azurite.stop();
  }

  get #running(): FaultyServer<string> {
    if (this.#server === undefined) throw new Error('the server has not started');
    return this.#server;
  }
}
