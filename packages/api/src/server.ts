import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { RegistryError } from '@atoll/core';
import type { Express } from 'express';
import { createApp, type AppOptions } from './app.js';
import { errorPayload } from './errors.js';
import { messagesFor } from './express-messages.js';
import { Farewells, rawHeaders } from './farewells.js';
import { defaultLimits, type ApiLimits } from './limits.js';
import { originForm } from './origin-form.js';
import { Traffic } from './traffic.js';

export interface ApiOptions extends Omit<AppOptions, 'traffic'> {
  /** Loopback unless told otherwise: nothing asks for credentials yet. */
  readonly host?: string;
  /** 0 takes any that is free. */
  readonly port: number;
}

export interface RunningApi {
  /** Where it listens: `http://127.0.0.1:5001`. */
  readonly url: string;
  readonly port: number;
  /**
   * Takes no new connections, tells readiness so, lets what runs finish for `drainMs`, then cuts the rest. When it resolves nothing
   * uses the registry any more. Safe to repeat.
   */
  stop(): Promise<void>;
}

const DEFAULT_HOST = '127.0.0.1';
/** What a client that is told to go may still take. */
const CUT_AFTER_MS = 1000;
/** What a task that was told to end may still take. */
const ABORT_GRACE_MS = 5000;
/** @throws Error when the port cannot be listened on */
export async function startApi({ host = DEFAULT_HOST, port, ...options }: ApiOptions): Promise<RunningApi> {
  const limits = { ...defaultLimits, ...options.limits };
  const traffic = new Traffic(options.log, limits, options.registry.contentMemory);
  const server = serverFor(createApp({ ...options, limits, traffic }), traffic, limits);
  await listen(server, host, port);
  const bound = portOf(server);
  let stopped: Promise<void> | undefined;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    stop: () => (stopped ??= stop(server, traffic, limits)),
  };
}

function serverFor(app: Express, traffic: Traffic, limits: ApiLimits): Server {
  const server = createServer({
    ...messagesFor(app),
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    // A body may take as long as it keeps coming: RequestBody has timers of its own.
    requestTimeout: 0,
    // Refused by the application, in its own words: refuseFraming.
    requireHostHeader: false,
    connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, 5000),
  });
  const serve = (req: IncomingMessage, res: ServerResponse): void => {
    req.url = originForm(req.url ?? '');
    app(req, res);
  };
  server.on('request', serve);
  server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    traffic.expectContinue(req);
    serve(req, res);
  });
  const farewells = new Farewells(traffic);
  server.on('checkExpectation', (_req: IncomingMessage, res: ServerResponse) => {
    const error = new RegistryError('UNSUPPORTED', 'the only expectation met here is 100-continue', { status: 417 });
    res.writeHead(417, rawHeaders(errorPayload(error))).end(errorPayload(error));
  });
  server.on('connect', (_req: IncomingMessage, socket: Duplex) => {
    farewells.say(socket, new RegistryError('UNSUPPORTED', 'this is a registry, and no proxy'));
  });
  server.on('clientError', (cause: NodeJS.ErrnoException, socket: Duplex) => {
    if (cause.code === 'ECONNRESET') socket.destroy();
    else farewells.say(socket, unreadable(cause.code));
  });
  return server;
}

function unreadable(code: string | undefined): RegistryError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new RegistryError('UNAVAILABLE', 'the request came too slowly', { status: 408 });
    case 'HPE_HEADER_OVERFLOW':
      return new RegistryError('UNSUPPORTED', "the request's headers are too long", { status: 431 });
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new RegistryError('UNSUPPORTED', "the request body's chunk extensions are too long", { status: 413 });
    default:
      return new RegistryError('UNSUPPORTED', 'this is no valid HTTP request', { status: 400 });
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return address.port;
}

async function stop(server: Server, traffic: Traffic, limits: ApiLimits): Promise<void> {
  traffic.draining = true;
  // Closes idle connections too; each of the others closes with its answer.
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  if (!(await traffic.idle(limits.drainMs))) {
    traffic.abortAll(new RegistryError('UNAVAILABLE', 'this server is stopping; try again'));
    await traffic.idle(CUT_AFTER_MS);
  }
  server.closeIdleConnections();
  // What is left is no request: a connection that has sent half a head, or reads its last answer.
  const cut = setTimeout(() => server.closeAllConnections(), CUT_AFTER_MS);
  await closed;
  clearTimeout(cut);
  await traffic.idle(ABORT_GRACE_MS);
}
