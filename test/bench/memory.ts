import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Atoll } from '../harness/atoll.js';
import { memoryFigure, type BenchContext, type Figure } from './figures.js';
import { load } from './load-task.js';
import { peakResidentMebibytes } from './peers.js';

const GIBIBYTE = 1024 ** 3;
const LIMIT_MEBIBYTES = 400;

/** Eight uploads of 1 GiB at once, then eight downloads, through one process that runs both regions and their workers. */
export async function benchMemory({ folder, note }: BenchContext): Promise<Figure[]> {
  const place = join(folder, 'memory');
  const atoll = await Atoll.start(place);
  const idle = peakResidentMebibytes(atoll.service.pid);
  const task = {
    url: atoll.eu.url,
    repository: 'bench/memory',
    name: 'large',
    sizeBytes: GIBIBYTE,
    count: 8,
    streams: 8,
  };
  note('memory: 8 uploads of 1 GiB');
  await load({ ...task, kind: 'push' });
  const pushed = peakResidentMebibytes(atoll.service.pid);
  note('memory: 8 downloads of 1 GiB');
  await load({ ...task, kind: 'pull', verify: true });
  const pulled = peakResidentMebibytes(atoll.service.pid);
  await atoll.stop();
  rmSync(place, { recursive: true, force: true });
  return [
    memoryFigure('peak resident memory, 8 uploads of 1 GiB at once', pushed, idle, LIMIT_MEBIBYTES),
    memoryFigure('peak resident memory, then 8 downloads of 1 GiB at once', pulled, idle, LIMIT_MEBIBYTES),
  ];
}
