import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { FakeS3 } from '@atoll/storage-s3/testing';

const PART = { ETag: '"d41d8cd98f00b204e9800998ecf8427e"' };
const COMPLETED =
  '<?xml version="1.0"?><CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>';

/** An S3 server that says it has kept every part it is sent, and drops them all: for what is larger than the disk. */
export class BottomlessS3 {
  private constructor(
    private readonly fake: FakeS3,
    private readonly server: Server,
  ) {}

  static async start(): Promise<BottomlessS3> {
    const fake = await FakeS3.start();
    const server = createServer((asked, answer) => {
      serve(fake, asked, answer).catch(() => asked.socket.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BottomlessS3(fake, server);
  }

  /** The URL of a new bucket. */
  makeBucket(name: string): string {
    const { port } = this.server.address() as AddressInfo;
    return this.fake.url(name).replace(this.fake.endpoint, `http://127.0.0.1:${port}`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await this.fake.stop();
  }
}

async function serve(fake: FakeS3, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const query = new URL(asked.url ?? '', 'http://s3').searchParams;
  if (!query.has('uploadId') || asked.method === 'DELETE') return pass(fake, asked, answer);
  asked.resume();
  await once(asked, 'end');
  answer.writeHead(200, PART);
  answer.end(asked.method === 'POST' ? COMPLETED : undefined);
}

/** What is small is kept as it is by any other. */
async function pass(fake: FakeS3, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { method, url, headers } = asked;
  const sent = request(new URL(url ?? '', fake.endpoint), { method: method ?? 'GET', headers });
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  await pipeline(asked, sent);
  const [given] = await answered;
  answer.writeHead(given.statusCode ?? 502, given.headers);
  await pipeline(given, answer);
}
