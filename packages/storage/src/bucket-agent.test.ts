import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type Agent, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createBucketAgent } from './bucket-agent.js';

const BODIES = Array.from({ length: 8 }, () => randomBytes(1_500_000));

let server: Server;
let agent: Agent;
beforeEach(async () => {
  server = createServer(({ url = '' }, response) => void response.end(BODIES[Number(url.slice(1))]));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  agent = createBucketAgent('http:');
});
afterEach(() => {
  agent.destroy();
  server.closeAllConnections();
  server.close();
});

async function get(index: number): Promise<IncomingMessage> {
  const { port } = server.address() as AddressInfo;
  const asked = request({ agent, host: '127.0.0.1', port, path: `/${index}` }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  return answer;
}

test('bodies that arrive at the same time over several connections are whole, also when they are read late', async () => {
  const answers = await Promise.all(BODIES.map((_, index) => get(index)));
  const received = await Promise.all(answers.map((answer) => buffer(answer)));
  received.forEach((body, index) => expect(body.equals(BODIES[index] ?? Buffer.alloc(0))).toBe(true));
});

test('no piece of a body shares its memory with what is read next', async () => {
  const memories = new Set<ArrayBufferLike>();
  let pieces = 0;
  for await (const piece of (await get(0)) as AsyncIterable<Buffer>) {
    memories.add(piece.buffer);
    pieces += 1;
  }
  expect(pieces).toBeGreaterThan(1);
  expect(memories.size).toBe(pieces);
});

test('a connection is used again', async () => {
  const ports = new Set<number | undefined>();
  for (const index of [0, 1, 2]) {
    const answer = await get(index);
    ports.add(answer.socket.localPort);
    await buffer(answer);
  }
  expect(ports.size).toBe(1);
});
