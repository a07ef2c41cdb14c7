import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AzureStore, type AzureStoreOptions } from '../azure-store.js';

/** One request, as it came. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly at: number;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** `nothing`: the connection stays, and no answer comes. */
export type Script = (asked: Asked, nth: number) => Reply | 'nothing' | Promise<Reply>;

const ACCOUNT = 'atolltest';
/** What must be in no message. */
export const SCRIPTED_KEY = Buffer.from('the key that must not be told').toString('base64');

/** A server that answers what a test says, for what no real one does on demand. It checks no signature. */
export class ScriptedServer {
  readonly #server: Server;
  readonly asked: Asked[] = [];

  private constructor(private readonly script: Script) {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(script: Script): Promise<ScriptedServer> {
    const server = new ScriptedServer(script);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  /** A store that waits no longer than a test likes to. */
  open(options: Partial<AzureStoreOptions> = {}): AzureStore {
    const { port } = this.#server.address() as AddressInfo;
    return new AzureStore({
      url: `az://${ACCOUNT}/registry?endpoint=http://127.0.0.1:${port}`,
      credentials: [{ account: ACCOUNT, key: SCRIPTED_KEY }],
      retries: { attempts: 3, firstPauseMs: 1, maxPauseMs: 2 },
      ...options,
    });
  }

  async stop(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for await (const _ of request);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server');
    const asked = { method: request.method ?? '', path: pathname, query: searchParams, at: performance.now() };
    this.asked.push(asked);
    const reply = await this.script(asked, this.asked.length);
    if (reply === 'nothing') return;
    response.writeHead(reply.status, reply.headers).end(reply.body);
  }
}

/** An error of the service, which tells its code in a header. */
export function refusal(status: number, code: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, headers: { 'x-ms-error-code': code, 'x-ms-request-id': 'request-1', ...headers } };
}
