import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import express from 'express';
import { messagesFor } from './express-messages.js';

interface Seen {
  readonly born: [object, object];
  readonly served: [object, object];
  readonly path: string;
}

const prototypes = (req: IncomingMessage, res: ServerResponse): [object, object] => [
  Object.getPrototypeOf(req) as object,
  Object.getPrototypeOf(res) as object,
];

/** One request, as the server made it and as a middleware was given it. */
async function serveOne(prepare: (app: express.Express) => object): Promise<Seen> {
  const app = express();
  const options = prepare(app);
  let born: Seen['born'] = [{}, {}];
  let seen: Seen | undefined;
  app.use((req, res) => {
    seen = { born, served: prototypes(req, res), path: req.path };
    res.end();
  });
  const server = createServer(options, (req, res) => {
    born = prototypes(req, res);
    app(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/a/b?c`);
  await new Promise((resolve) => server.close(resolve));
  if (seen === undefined) throw new Error('nothing was served');
  return seen;
}

describe('messages made for an application', () => {
  test('come to a middleware with the prototypes they were made with, and with all that Express gives them', async () => {
    const { born, served, path } = await serveOne(messagesFor);
    expect(served[0]).toBe(born[0]);
    expect(served[1]).toBe(born[1]);
    expect(path).toBe('/a/b');
  });

  test('which those of any other server do not', async () => {
    const { born, served, path } = await serveOne(() => ({}));
    expect(served[0]).not.toBe(born[0]);
    expect(served[1]).not.toBe(born[1]);
    expect(path).toBe('/a/b');
  });
});
