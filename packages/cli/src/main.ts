import { runCommandLine } from './command-line.js';

const { argv, env, stdout, stderr } = process;

// Whoever reads the output may leave, as `head` does and a closed terminal; the regions go on.
for (const stream of [stdout, stderr]) stream.on('error', () => undefined);

runCommandLine(argv.slice(2), { env, stdout, stderr }).then(
  (status) => process.exit(status),
  (cause: unknown) => {
    const fault = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    stderr.write(`atoll: unforeseen fault: ${fault}\n`);
    process.exit(1);
  },
);
