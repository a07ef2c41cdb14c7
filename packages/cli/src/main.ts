import { setFlagsFromString } from 'node:v8';
import { tooOld } from './node-version.js';

const { argv, env, stdout, stderr, versions } = process;

const sentence = tooOld(versions.node);
if (sentence !== undefined) {
  stderr.write(`atoll: ${sentence}\n`);
  process.exit(2);
}

// Before it collects, V8 lets the heap grow by three quarters and not by as much as it is fast enough for, which is three to four times.
// The caches make it large, and are soon collected. With less, the content of a few large pushes makes it collect, as that counts as well.
// Node takes this option only here or on its command line.
setFlagsFromString('--heap-growing-percent=75');

// Whoever reads the output may leave, as `head` does and a closed terminal; the regions go on.
for (const stream of [stdout, stderr]) stream.on('error', () => undefined);

// Only now: an old Node may not even be able to load it.
const { runCommandLine } = await import('./command-line.js');

runCommandLine(argv.slice(2), { env, stdout, stderr }).then(
  (status) => process.exit(status),
  (cause: unknown) => {
    const fault = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    stderr.write(`atoll: unforeseen fault: ${fault}\n`);
    process.exit(1);
  },
);
