// What every npm script of this repository runs: brings Node, the dependencies and the build where they are missing, then the
// command. Plain JavaScript that Node 18 understands, as it runs before anything is there.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SetupError, run, say, step } from './child.mjs';
import { installDependencies } from './install.mjs';
import { bringNode } from './node.mjs';
import { oneAtATime } from './one-at-a-time.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const HELP = `usage: npm <command>, in a fresh clone too: what is missing is brought first

  npm start                 two regions on this machine: eu on port 5001, us on port 5002
  npm run atoll -- ...      the command atoll; npm run atoll -- --help lists what it does
  npm test                  every test; arguments after -- go to turbo, such as --filter=@atoll/core
  npm run test:stores       the driver suite over every object store, real servers and fakes: the table of cases
  npm run bench             the benchmarks, beside other registries; -- --help lists the options
  npm run conformance       Atoll against every conformance suite at hand; -- --help says how to bring more of them
  npm run interop           every client there is, against two regions; npm run interop -- --help
  npm run fuzz              hostile requests at a real process; -- --requests 1000000 --seed 1, or -- --replay FILE
  npm run build             compiles
  npm run lint              ESLint and Prettier; npm run format repairs what can be repaired
`;

/**
 * Threads for files: Node's 4 are fewer than the requests one process serves at a time. And memory: V8 would keep 100 MiB for what is
 * young, and the system's allocator what each of those threads has given back. The README tells of them.
 */
const PROCESS = JSON.parse(readFileSync(join(root, 'packages', 'bootstrap', 'process-settings.json'), 'utf8'));

const commands = {
  start: (tools, args) => atoll(tools, ['up', ...args]),
  atoll,
  test: runTests,
  'test:stores': runStores,
  bench: runBench,
  conformance: runConformance,
  interop: runInterop,
  fuzz: (tools, args) => runOfTests(tools, 'fuzz', args),
  build: async ({ node, env }) => {
    await build(node, env, root);
    return 0;
  },
  lint: async (tools) => {
    await build(tools.node, tools.env, root);
    return (await eslint(tools, ['.'])) || prettier(tools, ['--check', '--log-level', 'warn', '.']);
  },
  format: async (tools) =>
    (await prettier(tools, ['--write', '--log-level', 'warn', '.'])) || eslint(tools, ['--fix', '.']),
};

async function main([name = '--help', ...args]) {
  if (name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new SetupError(`"${name}" is not a command\n\n${HELP}`);
  const tools = await prepare(async () => {
    const { node, env } = await bringNode(root);
    await installDependencies(root, env);
    return { node, env: { ...env, TURBO_TELEMETRY_DISABLED: '1' } };
  });
  return command(tools, args);
}

function prepare(task) {
  return oneAtATime(join(root, '.cache', 'preparing'), task);
}

async function atoll({ node, env }, args) {
  const main = join(root, 'packages', 'cli');
  await build(node, env, main);
  return run(node, [join(main, 'dist', 'main.js'), ...args], { env: { ...PROCESS, ...env } });
}

async function runTests({ node, env }, args) {
  const { TEST_TOOLS, findTools } = await import('./tools.mjs');
  const { forgetResults, sentence, sumResults, testedFolders } = await import('./results.mjs');
  await findTools(TEST_TOOLS, env);
  await build(node, env, root);
  const folders = testedFolders(root);
  forgetResults(folders);
  const narrowed = args.some((arg) => /^(--filter|-F|--affected)/.test(arg));
  // Where they never were, the servers of stores take minutes to build; other tests run meanwhile, and who needs one waits for it.
  const servers = join(root, 'test', 'dist', 'stores', 'bring-all.js');
  const brought = narrowed ? undefined : run(node, [servers], { env, cwd: root });
  const turbo = join(root, 'node_modules', '.bin', 'turbo');
  const status = await run(turbo, ['run', 'test', '--concurrency=2', '--continue=always', ...args], { env, cwd: root });
  if (status > 128) return status;
  await brought;
  const sum = sumResults(
    narrowed ? folders.filter((folder) => existsSync(join(folder, 'test-results.json'))) : folders,
  );
  if (status !== 0 && sum.failed === 0) sum.failed = 1;
  process.stdout.write(`\n${sentence(sum)}\n`);
  return sum.failed === 0 ? 0 : 1;
}

async function runBench(tools, args) {
  const { BENCH_TOOLS, findTools } = await import('./tools.mjs');
  // The small form takes what is there.
  const takesWhatIsThere = args.some((arg) => ['--help', '-h', '--small'].includes(arg));
  if (!takesWhatIsThere) await findTools(BENCH_TOOLS, tools.env);
  return runOfTests(tools, 'bench', args);
}

/** It brings the clients itself, and goes on without those that cannot be had. */
function runInterop(tools, args) {
  return runOfTests(tools, 'clients', args);
}

/** It brings the servers itself; one that cannot be had fails its row. */
function runStores(tools, args) {
  return runOfTests(tools, 'stores', args);
}

function runConformance(tools, args) {
  return runOfTests(tools, 'conformance', args);
}

async function runOfTests({ node, env }, folder, args) {
  await build(node, env, root);
  return run(node, [join(root, 'test', 'dist', folder, 'run.js'), ...args], { env: { ...PROCESS, ...env }, cwd: root });
}

/** Incremental: nothing is compiled twice, and a build that is up to date costs a look at the files. */
function build(node, env, project) {
  const args = [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', project];
  return prepare(async () => {
    if (!existsSync(join(root, 'packages', 'cli', 'dist'))) return step('compiling', node, args, { env, cwd: root });
    const status = await run(node, args, { env, cwd: root, stdio: ['ignore', 2, 2] });
    if (status > 128) process.exit(status);
    if (status !== 0) throw new SetupError('compiling failed; the faults are listed above');
  });
}

function eslint({ node, env }, args) {
  return run(node, [join(root, 'node_modules', 'eslint', 'bin', 'eslint.js'), ...args], { env, cwd: root });
}

function prettier({ node, env }, args) {
  return run(node, [join(root, 'node_modules', 'prettier', 'bin', 'prettier.cjs'), ...args], { env, cwd: root });
}

main(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (cause) => {
    say(cause instanceof SetupError ? cause.message : cause.stack);
    process.exit(1);
  },
);
