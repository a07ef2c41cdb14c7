// A process that owns a folder and tells so; with `write`, it writes without end and tells of every object it was acknowledged.
import { createHash } from 'node:crypto';
import { FsStore } from '../index.ts';

const [root, task] = process.argv.slice(2);
const store = await FsStore.open({ root });
await store.put('m/owner', Buffer.from(String(process.pid)), { blind: true });
process.stdout.write('ready\n');

if (task === 'write')
  await Promise.all([putObjects('small', 3_000), putObjects('large', 400_000), putData(), putParts()]);
else setInterval(() => undefined, 60_000);

async function putObjects(name, sizeBytes) {
  for (let n = 0; ; n++) {
    await store.put(`o/${name}/${n}`, checked(n, sizeBytes), { ifAbsent: true });
    process.stdout.write(`o/${name}/${n}\n`);
    // Every object is seen in several states, each of them whole.
    await store.put(`o/${name}/last`, checked(n, sizeBytes + n), { blind: true });
  }
}

async function putData() {
  for (let n = 0; ; n++) {
    await store.putData(`d/stream-${n}`, pieces(checked(n, 2_500_000)));
    process.stdout.write(`d/stream-${n}\n`);
  }
}

async function putParts() {
  for (let n = 0; ; n++) {
    const key = `d/parts-${n}`;
    const bytes = checked(n, 600_000);
    const upload = await store.beginData(key);
    const receipts = [];
    for (let number = 1; number <= 3; number++) {
      const offsetBytes = (number - 1) * 200_000;
      const part = pieces(bytes.subarray(offsetBytes, offsetBytes + 200_000));
      receipts.push(await store.writePart(key, upload, { number, offsetBytes }, part));
    }
    await store.completeData(key, upload, receipts);
    process.stdout.write(`${key}\n`);
  }
}

/** So many bytes, of which the first 32 are the digest of the rest. */
function checked(seed, sizeBytes) {
  const rest = Buffer.alloc(sizeBytes - 32, `content ${seed}`);
  return Buffer.concat([createHash('sha256').update(rest).digest(), rest]);
}

async function* pieces(bytes) {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
