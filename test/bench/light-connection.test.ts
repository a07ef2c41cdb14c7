import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LightConnection } from './light-connection.js';

let server: Server;
let connection: LightConnection;

/** 200,000 bytes, whose Location tells what was sent. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.alloc(200_000, request.url ?? '');
  const location = `${request.url} ${Buffer.concat(chunks).toString('utf8')}`;
  if (request.url === '/cut') response.destroy();
  else if (request.url === '/chunked') response.writeHead(200).end(body);
  else response.writeHead(202, { 'Content-Length': body.length, Location: location }).end(body);
}

beforeEach(async () => {
  server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  connection = await LightConnection.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterEach(async () => {
  connection.close();
  server.closeAllConnections();
  await once(server.close(), 'close');
});

test('one request follows the other on one connection, whatever their bodies', async () => {
  expect(await connection.ask('GET', '/length')).toEqual({ status: 202, location: '/length ' });
  expect(await connection.ask('HEAD', '/length')).toEqual({ status: 202, location: '/length ' });
  expect(await connection.ask('GET', '/chunked')).toEqual({ status: 200, location: '' });
  expect(await connection.ask('PUT', '/put', '', Buffer.from('sent'))).toEqual({ status: 202, location: '/put sent' });
  expect(await connection.ask('POST', 'http://127.0.0.1/whole')).toEqual({ status: 202, location: '/whole ' });
});

test('a connection that ends before the answer is a fault, not a wait', async () => {
  await expect(connection.ask('GET', '/cut')).rejects.toThrow('closed before the answer');
});
