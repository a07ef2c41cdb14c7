import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get, createServer } from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { Authority } from './authority.js';

test('a server it certifies is trusted by who trusts it, under its names, and by nobody else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-authority-'));
  const authority = new Authority(folder);
  const { certFile, keyFile } = authority.issue('localhost', '127.0.0.1');
  const certificate = new X509Certificate(readFileSync(certFile));
  expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1');
  const server = createServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, (_, answer) =>
    answer.end(),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (options: object): Promise<number | undefined> => {
    const [answer] = (await once(get({ host: '127.0.0.1', port, agent: false, ...options }), 'response')) as [
      IncomingMessage,
    ];
    answer.resume();
    return answer.statusCode;
  };
  expect(await ask({ ca: readFileSync(authority.file) })).toBe(200);
  await expect(ask({ ca: readFileSync(authority.file), servername: 'elsewhere' })).rejects.toThrow();
  await expect(ask({})).rejects.toThrow();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});
