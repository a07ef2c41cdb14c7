import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { serveRegion } from '../harness/atoll.js';
import { rawExchange } from '../harness/raw-exchange.js';
import { freePorts } from '../harness/service.js';

test('whatever form the target of a request has, no part of Node that will go is used to read it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-targets-'));
  const [port = 0] = await freePorts(1);
  // Such a part warns, and a warning ends this process.
  const options = { folder: join(folder, 'bucket'), region: 'eu', nodeArgs: ['--throw-deprecation'] };
  const { service, wire } = await serveRegion(options, port, join(folder, 'atoll.log'));
  try {
    const statusOf = async (method: string, target: string): Promise<number> => {
      const head = `${method} ${target} HTTP/1.1\r\nHost: eu\r\nConnection: close\r\n\r\n`;
      return (await rawExchange(wire.url, head)).status;
    };
    expect(await statusOf('GET', 'http://evi:l/v2/')).toBe(200);
    expect(await statusOf('GET', 'http://evi:l/v2/#/')).toBe(404);
    expect(await statusOf('GET', 'http://[/v2/')).toBe(200);
    expect(await statusOf('GET', 'http://evi:l?n=1')).toBe(404);
    expect(await statusOf('GET', 'ftp://evi:l/v2/')).toBe(404);
    expect(await statusOf('GET', '//evi:l/v2/')).toBe(404);
    expect(await statusOf('GET', '//evi:l/v2/#')).toBe(404);
    expect(await statusOf('OPTIONS', '*')).toBe(404);
    expect(service.running).toBe(true);
    expect(service.tail()).not.toMatch(/warning/i);
  } finally {
    wire.close();
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  }
});
