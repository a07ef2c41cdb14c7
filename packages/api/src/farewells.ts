import { STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RegistryError } from '@atoll/core';
import { errorPayload } from './errors.js';
import type { Traffic } from './traffic.js';

/** Ends connections of which nothing more can be read: what came is no HTTP, or came too slowly to become a request. */
export class Farewells {
  /** A client that goes on sending makes the parser fail again and again. */
  readonly #said = new WeakSet<Duplex>();

  constructor(private readonly traffic: Pick<Traffic, 'on'>) {}

  /** Tells why, behind the answers to the requests before: a client takes answers in the order of its requests. */
  say(socket: Duplex, error: RegistryError): void {
    if (this.#said.has(socket)) return;
    this.#said.add(socket);
    const current = socket instanceof Socket ? this.traffic.on(socket) : [];
    const last = current.at(-1);
    const broken = last && !last.req.complete ? last : undefined;
    const before = broken ? current.at(-2) : last;
    const end = (): void => {
      if (broken?.res.headersSent || !socket.writable) socket.destroy();
      else hangUp(socket, error);
    };
    if (before === undefined) end();
    else before.res.once('close', end);
  }
}

/** The last answer of a connection for which there is no response to write it to. */
function hangUp(socket: Duplex, error: RegistryError): void {
  const payload = errorPayload(error);
  const head = Object.entries(rawHeaders(payload)).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}\r\n${head.join('')}\r\n${payload.toString()}`);
  // Not at once: closing on bytes that nobody read would reset the connection, and the client would never see why.
  setTimeout(() => socket.destroy(), 1000).unref();
}

export function rawHeaders(payload: Buffer): Record<string, string> {
  return {
    'Docker-Distribution-Api-Version': 'registry/2.0',
    'X-Content-Type-Options': 'nosniff',
    'Content-Type': 'application/json',
    'Content-Length': String(payload.byteLength),
    Connection: 'close',
  };
}
