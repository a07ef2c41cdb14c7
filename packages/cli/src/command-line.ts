import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { z } from 'zod';
import { doctor } from './doctor.js';
import { explain } from './explain.js';
import { explainTopic } from './help.js';
import { inWordsOf, options, withOptions } from './options.js';
import { serve } from './serve.js';
import { status } from './status.js';
import type { Surroundings } from './surroundings.js';
import { up } from './up.js';
import { work } from './work.js';

const WRONG_USE = 2;

/** Runs one command to its end and answers the exit status: 2 when it was used wrongly, after one sentence that says how. */
export async function runCommandLine(args: readonly string[], around: Surroundings): Promise<number> {
  let result = 0;
  const program = createProgram(around, async (running) => {
    result = await running;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return result;
  } catch (cause) {
    // Commander has printed its own sentence.
    if (cause instanceof CommanderError) return cause.exitCode === 0 ? 0 : WRONG_USE;
    const sentence = explain(inWordsOf(args, cause));
    if (sentence === undefined) throw cause;
    around.stderr.write(`atoll: ${sentence}\n`);
    return WRONG_USE;
  }
}

function createProgram(around: Surroundings, end: (running: Promise<number>) => Promise<void>): Command {
  const program = new Command('atoll')
    .description('A container registry that lives in many regions at once, on object storage')
    .version(versionOfThis())
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void around.stdout.write(text),
      writeErr: (text) => void around.stderr.write(text),
    });
  const set = (typed: unknown): Surroundings => ({ ...around, env: withOptions(around.env, typed) });
  program
    .command('up')
    .description('run two regions, API and worker, in one process: on local disk, or on buckets that are named')
    .addOption(options.data())
    .addOption(options.region())
    .addOption(options.storage())
    .addOption(options.host())
    .addOption(options.logLevel())
    .action((typed: object) => end(up(set(typed))));
  program
    .command('serve')
    .description('run the API of one region (ATOLL_REGION, ATOLL_STORAGE)')
    .addOption(options.withWorker())
    .addOption(options.port())
    .addOption(options.host())
    .addOption(options.logLevel())
    .action((typed: { withWorker?: true }) => end(serve(set(typed), { withWorker: typed.withWorker === true })));
  program
    .command('work')
    .description(
      'run the worker of one region: it brings in what others have (ATOLL_REGION, ATOLL_STORAGE, ATOLL_PEERS)',
    )
    .addOption(options.logLevel())
    .action((typed: object) => end(work(set(typed))));
  program
    .command('status')
    .description('tell how far each region is behind the others, also while they run')
    .addOption(options.json())
    .addOption(options.data())
    .addOption(options.region())
    .addOption(options.storage())
    .action((typed: { json?: true }) => end(status(set(typed), { json: typed.json === true })));
  program
    .command('doctor')
    .description('try all that a region asks of its bucket and of its peers, and tell what each answer means')
    .addOption(options.json())
    .addOption(options.data())
    .addOption(options.region())
    .addOption(options.storage())
    .action((typed: { json?: true }) => end(doctor(set(typed), { json: typed.json === true })));
  program
    .command('help')
    .argument('[topic]', 'a command, or config')
    .description('explain a command; help config lists every setting')
    .action((topic?: string) => explainTopic(program, topic, (text) => void around.stdout.write(text)));
  return program;
}

const Manifest = z.object({ version: z.string() });

function versionOfThis(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return Manifest.parse(JSON.parse(text)).version;
}
