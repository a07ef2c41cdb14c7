import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { rawExchange } from '../harness/raw-exchange.js';
import { ServedRegions } from '../harness/served-regions.js';

test('whatever form the target of a request has, no part of Node that will go is used to read it', async () => {
  const regions = new ServedRegions('targets');
  const storage = pathToFileURL(join(regions.folder, 'bucket')).href;
  try {
    // Such a part warns, and a warning ends this process.
    const env = { ATOLL_STORAGE: storage, NODE_OPTIONS: '--throw-deprecation' };
    const { service, wire } = await regions.serve('eu', env);
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
    await regions.stop();
    regions.remove();
  }
});
