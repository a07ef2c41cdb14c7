// The least a push can cost: the same bytes through sha256 and a buffered write to one file, in one process, no network.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

const [file = '', size = '0'] = process.argv.slice(2);
const chunk = Buffer.alloc(1024 * 1024, 'what a layer is made of does not matter here ');
const target = await open(file, 'w');
const begin = performance.now();
const hash = createHash('sha256');
const bytes = Number(size);
for (let written = 0; written < bytes; written += chunk.length) {
  hash.update(chunk);
  await target.write(chunk);
}
hash.digest('hex');
await target.close();
process.stdout.write(JSON.stringify({ seconds: (performance.now() - begin) / 1000, bytes, digests: [] }));
