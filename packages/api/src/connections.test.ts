import { EventEmitter } from 'node:events';
import { queryObjects } from 'node:v8';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Connections } from './connections.js';
import type { Exchange } from './exchange.js';

class TestSocket extends EventEmitter {
  closed = false;

  close(): void {
    this.closed = true;
    this.emit('close');
  }
}

function exchangeOn(socket: TestSocket): Exchange {
  return { req: { socket } } as unknown as Exchange;
}

const asSocket = (socket: TestSocket) => socket as unknown as Exchange['req']['socket'];

/** What they are to do, done plainly. */
class Model {
  readonly exchanges: { readonly socket: TestSocket; readonly exchange: Exchange }[] = [];

  on(socket: TestSocket): Exchange[] {
    return this.exchanges.filter((one) => one.socket === socket).map(({ exchange }) => exchange);
  }
}

const step = fc.record({
  kind: fc.constantFrom('begin' as const, 'begin' as const, 'end' as const, 'close' as const),
  which: fc.nat(50),
});

test('whatever begins, ends and closes, the exchanges of a connection are known in their order', () => {
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const sockets = Array.from({ length: 3 }, () => new TestSocket());
    const connections = new Connections();
    const model = new Model();
    for (const { kind, which } of steps) {
      const socket = sockets[which % sockets.length] ?? new TestSocket();
      if (kind === 'begin') {
        const exchange = exchangeOn(socket);
        expect(connections.add(exchange)).toBe(model.on(socket).at(-1));
        model.exchanges.push({ socket, exchange });
      } else if (kind === 'end' && model.exchanges.length > 0) {
        const [ended] = model.exchanges.splice(which % model.exchanges.length, 1);
        if (ended) connections.remove(ended.exchange);
        if (ended) connections.remove(ended.exchange);
      } else if (kind === 'close') {
        socket.close();
      }
      expect(connections.size).toBe(model.exchanges.length);
      for (const one of sockets) expect(connections.on(asSocket(one))).toEqual(model.on(one));
      expect(new Set(connections.all())).toEqual(new Set(model.exchanges.map(({ exchange }) => exchange)));
    }
  });
  fc.assert(property);
});

test('those that end while all are gone through are gone through as well', () => {
  const connections = new Connections();
  const socket = new TestSocket();
  const exchanges = [exchangeOn(socket), exchangeOn(socket), exchangeOn(new TestSocket())];
  for (const exchange of exchanges) connections.add(exchange);
  const seen: Exchange[] = [];
  for (const exchange of connections.all()) {
    seen.push(exchange);
    connections.remove(exchange);
  }
  expect(seen).toEqual(exchanges);
  expect(connections.size).toBe(0);
});

test('a connection is forgotten when it is closed and nothing of it is under way, whichever comes first', () => {
  const connections = new Connections();
  class Closing extends TestSocket {}
  const come = (closesFirst: boolean): void => {
    const socket = new Closing();
    const exchange = exchangeOn(socket);
    connections.add(exchange);
    if (closesFirst) socket.close();
    connections.remove(exchange);
    if (!closesFirst) socket.close();
  };
  for (let times = 0; times < 10; times++) come(times % 2 === 0);
  expect(queryObjects(Closing, { format: 'count' })).toBe(0);
  const open = new Closing();
  connections.add(exchangeOn(open));
  expect(queryObjects(Closing, { format: 'count' })).toBe(1);
  expect(connections.on(asSocket(open))).toHaveLength(1);
});
