// The least a push can cost: the same bytes through sha256 and a buffered write to a file, in one process, no network.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { WriteTask } from './load-task.js';

const { folder, sizeBytes, count, streams, durable } = WriteTask.parse(JSON.parse(process.argv[2] ?? ''));
const chunk = Buffer.alloc(Math.min(1024 * 1024, sizeBytes), 'what a layer is made of does not matter here ');
const limit = pLimit(streams);
const begin = performance.now();
await Promise.all(Array.from({ length: count }, (_, at) => limit(() => writeFile(join(folder, `bare-${at}`)))));
const seconds = (performance.now() - begin) / 1000;
process.stdout.write(JSON.stringify({ seconds, bytes: count * sizeBytes, digests: [] }));

async function writeFile(name: string): Promise<void> {
  const target = await open(name, 'w');
  const hash = createHash('sha256');
  for (let written = 0; written < sizeBytes; written += chunk.length) {
    hash.update(chunk);
    await target.write(chunk);
  }
  hash.digest('hex');
  if (durable) await target.sync();
  await target.close();
}
