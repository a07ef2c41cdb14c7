import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { systemClock } from '@atoll/core';
import { ClockGuard, USUAL_RETRIES } from '@atoll/storage';
import { readNothing } from './answers.js';
import { GcsCalls, USUAL_TIMEOUTS } from './gcs-calls.js';
import { ANONYMOUS } from './identity.js';
import { Wire } from './wire.js';

const REFUSED = 'HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n';

test('a request that is refused before its body has gone out lets go of the body', async () => {
  const connections: Socket[] = [];
  const server = createServer((socket) => {
    connections.push(socket);
    // One read, and nothing of the rest.
    socket.once('data', () => socket.pause().write(REFUSED));
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const wire = new Wire(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const retries = { ...USUAL_RETRIES, attempts: 1 };
  const clock = new ClockGuard(systemClock);
  const calls = new GcsCalls({ wire, identity: ANONYMOUS, clock, retries, timeouts: USUAL_TIMEOUTS });

  const body = Buffer.alloc(64 * 1_048_576);
  await expect(calls.send({ method: 'PUT', path: '/x', body }, readNothing, {})).rejects.toMatchObject({ status: 503 });
  // A pause would hide that the other side has gone.
  const [connection] = connections;
  connection?.resume();
  await once(connection ?? server, 'close');

  wire.close();
  server.close();
});
