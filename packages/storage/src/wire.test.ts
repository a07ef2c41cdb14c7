import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Wire, type WireOptions } from './wire.js';

const YES = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const REFUSED = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n';
const GET = { method: 'GET', path: '/x' };
const LATE = new Error('too late');

let server: Server;
let connections: Socket[];
let wires: Wire[];
beforeEach(async () => {
  connections = [];
  wires = [];
  server = createServer((socket) => {
    connections.push(socket);
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  for (const wire of wires) wire.close();
  for (const connection of connections) connection.destroy();
  server.close();
});

function open(options: Partial<WireOptions> = {}): Wire {
  const { port } = server.address() as AddressInfo;
  const wire = new Wire(`http://127.0.0.1:${port}`, { tooLate: () => LATE, ...options });
  wires.push(wire);
  return wire;
}

/** What the server says, piece by piece, on each connection that it is asked on. */
function say(...pieces: readonly string[]): void {
  server.on('connection', (socket) => {
    socket.once('data', () => void sayTo(socket, pieces));
  });
}

async function sayTo(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

test('a request that is refused before its body has gone out lets go of the body', async () => {
  // One read, and nothing of the rest.
  server.on('connection', (socket) => socket.once('data', () => socket.pause().write(REFUSED)));
  const body = Buffer.alloc(64 * 1_048_576);
  const refused = async (answer: AsyncIterable<Buffer>): Promise<never> => {
    for await (const _ of answer);
    throw new Error('refused');
  };
  const asked = open().ask({ method: 'PUT', path: '/x', body }, refused, { limitMs: 60_000 });
  await expect(asked).rejects.toThrow('refused');
  // A pause would hide that the other side has gone.
  const [connection] = connections;
  connection?.resume();
  await once(connection ?? server, 'close');
});

test('the service is told who asks', async () => {
  const heard = once(server, 'connection').then(async ([socket]: Socket[]) =>
    String(await once(socket ?? server, 'data')),
  );
  say(YES);
  await open().ask(GET, (answer) => buffer(answer), { limitMs: 60_000 });
  expect((await heard).toLowerCase()).toContain('\r\nuser-agent: atoll\r\n');
});

describe('a request ends', () => {
  test('when no answer has come in its time', async () => {
    await expect(open().ask(GET, buffer, { limitMs: 20 })).rejects.toBe(LATE);
  });

  test('when its answer is not read in its time', async () => {
    say('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nh', 'e');
    await expect(open().ask(GET, buffer, { limitMs: 100 })).rejects.toThrow();
  });

  test('when nothing has moved for as long as may be', async () => {
    await expect(open({ idleMs: 20 }).ask(GET, buffer, { limitMs: 60_000 })).rejects.toBe(LATE);
  });

  test('when nobody waits for it any more, also while its answer is read', async () => {
    say('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nh');
    const controller = new AbortController();
    const asked = open().ask(
      GET,
      (answer) => {
        controller.abort();
        return buffer(answer);
      },
      { limitMs: 60_000, signal: controller.signal },
    );
    await expect(asked).rejects.toThrow();
  });
});

test('an answer may take longer than the request as long as it moves, where it is known when it does not', async () => {
  say('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nh', 'e', 'l', 'l', 'o');
  const body = await open({ idleMs: 5_000 }).ask(GET, buffer, { limitMs: 150 });
  expect(body.toString()).toBe('hello');
});
