import { afterAll, beforeAll } from '@jest/globals';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveRegion, type Served } from '../harness/atoll.js';
import { rawExchange, type RawAnswer } from '../harness/raw-exchange.js';
import { freePorts } from '../harness/service.js';
import { Wire, type Answer, type Question } from '../harness/wire.js';
import { Repository } from './repository.js';
import { EMPTY_BLOB, type Manifest } from './samples.js';

/** Where a registry that runs already is tested: `ATOLL_CONFORMANCE_URL=https://registry.example npm test`. */
export const URL_OF_ANOTHER = process.env['ATOLL_CONFORMANCE_URL'];

/**
 * Whether each request goes to another process of one region, on a connection of its own. Who writes to an upload then is not waited
 * for, but found out: the later of two writers is told.
 */
export const SEVERAL_PROCESSES = process.env['ATOLL_CONFORMANCE_PROCESSES'] === 'several';

/** The registry that the rules are held against; it may have content of others. */
export class RegistryUnderTest {
  #wire: Wire | undefined;
  #own: { readonly served: Served; readonly folder: string } | undefined;

  /** @param settings of the region that is started */
  constructor(private readonly settings: NodeJS.ProcessEnv = {}) {}

  /** Uses the one that runs already, or starts a region on an empty folder. */
  async open(): Promise<void> {
    if (URL_OF_ANOTHER !== undefined) {
      this.#wire = new Wire(URL_OF_ANOTHER);
      return;
    }
    const folder = await mkdtemp(join(tmpdir(), 'atoll-conformance-'));
    const bucket = join(folder, 'eu');
    await mkdir(bucket);
    const [port = 0] = await freePorts(1);
    const served = await serveRegion(
      { folder: bucket, region: 'eu', env: this.settings },
      port,
      join(folder, 'atoll.log'),
    );
    this.#own = { served, folder };
    this.#wire = served.wire;
  }

  async close(): Promise<void> {
    this.#wire?.close();
    if (this.#own === undefined) return;
    await this.#own.served.service.stop();
    await rm(this.#own.folder, { recursive: true, force: true });
  }

  get wire(): Wire {
    if (this.#wire === undefined) throw new Error('the registry is there once the tests run');
    return this.#wire;
  }

  /** One that nobody has used yet. */
  repository(): Repository {
    return Repository.unused(this.wire);
  }

  /** One that nobody has used yet, with this image as `v1` and the empty blob. */
  async repositoryWith(image: Manifest): Promise<Repository> {
    const repository = this.repository();
    await repository.pushBlobs(EMPTY_BLOB);
    await repository.push(image, 'v1');
    return repository;
  }

  inRepository(name: string): Repository {
    return new Repository(this.wire, name);
  }

  send(method: string, target: string, question?: Question): Promise<Answer> {
    return this.wire.send(method, target, question);
  }

  /** Sends one request whose head is exactly these lines, with `Host` and `Connection: close` added at their end. */
  say(lines: readonly string[], body: Uint8Array = Buffer.alloc(0)): Promise<RawAnswer> {
    const { host } = new URL(this.wire.url);
    const head = [...lines, `Host: ${host}`, 'Connection: close', '', ''].join('\r\n');
    return rawExchange(this.wire.url, Buffer.concat([Buffer.from(head, 'latin1'), body]));
  }
}

/** To be called once at the top of a test file, or of a block whose region is started with settings of its own. */
export function registryUnderTest(settings?: NodeJS.ProcessEnv): RegistryUnderTest {
  const registry = new RegistryUnderTest(settings);
  beforeAll(() => registry.open(), 60_000);
  afterAll(() => registry.close(), 60_000);
  return registry;
}
