import type { Socket } from 'node:net';
import type { Exchange } from './exchange.js';

/**
 * The exchanges under way, by connection. Entries stay for as long as their connections and do not come and go with every request: a
 * Set or Map that changes all the time leaves tables behind of which each keeps the next alive, and all that was in it, from the
 * moment V8 takes one of them for old.
 */
export class Connections {
  readonly #open = new Map<Socket, Exchange[]>();
  #size = 0;

  /** How many exchanges are under way. */
  get size(): number {
    return this.#size;
  }

  /** Those of a connection, in the order of their requests. */
  on(socket: Socket): readonly Exchange[] {
    return this.#open.get(socket) ?? [];
  }

  *all(): Generator<Exchange> {
    for (const exchanges of this.#open.values()) yield* [...exchanges];
  }

  /** Answers the exchange before it on its connection, if that is under way. */
  add(exchange: Exchange): Exchange | undefined {
    const { socket } = exchange.req;
    const exchanges = this.#open.get(socket) ?? this.#opened(socket);
    const before = exchanges.at(-1);
    exchanges.push(exchange);
    this.#size++;
    return before;
  }

  /** Safe to repeat. */
  remove(exchange: Exchange): void {
    const { socket } = exchange.req;
    const exchanges = this.#open.get(socket) ?? [];
    const at = exchanges.indexOf(exchange);
    if (at < 0) return;
    exchanges.splice(at, 1);
    this.#size--;
    this.#forgetIfClosed(socket);
  }

  #opened(socket: Socket): Exchange[] {
    const exchanges: Exchange[] = [];
    this.#open.set(socket, exchanges);
    socket.once('close', () => this.#forgetIfClosed(socket));
    return exchanges;
  }

  /** An exchange may outlive its connection. */
  #forgetIfClosed(socket: Socket): void {
    if (socket.closed && this.on(socket).length === 0) this.#open.delete(socket);
  }
}
