import { runCommandLine } from './command-line.js';

const { argv, env, stdout, stderr } = process;

runCommandLine(argv.slice(2), { env, stdout, stderr }).then(
  (status) => process.exit(status),
  (cause: unknown) => {
    stderr.write(
      `atoll: unforeseen fault: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`,
    );
    process.exit(1);
  },
);
