import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cachedFile, TOOLS } from './tool-table.js';

const run = promisify(execFile);

/** Programs that a run brought, kept from run to run and named by version. */
export function toolCache(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'atoll-tools');
}

/** Where a program is: in the folder ATOLL_TEST_TOOLS first, then in the cache of tools, then in PATH. */
export function findTool(name: string): string | undefined {
  const source = TOOLS.find((tool) => tool.name === name);
  const cached = source === undefined ? undefined : cachedFile(source);
  const asked = process.env['ATOLL_TEST_TOOLS'] ?? '';
  // An unprivileged user's PATH often lacks the folders of servers.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return [
    ...(asked === '' ? [] : [join(asked, name)]),
    ...(cached === undefined ? [] : [join(toolCache(), cached)]),
    ...folders.filter((folder) => folder !== '').map((folder) => join(folder, name)),
  ].find((file) => isThere(file));
}

function isThere(file: string): boolean {
  try {
    accessSync(file, file.endsWith('.jar') ? constants.R_OK : constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @throws Error when it is not there */
export function toolFile(name: string): string {
  const file = findTool(name);
  if (file === undefined) throw new Error(`${name} is not installed`);
  return file;
}

export interface ToolOptions {
  readonly home: string;
  /** The working folder, where it is not the home. */
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs client programs that share one home folder, so that nothing of the user's is read or written. */
export class Tools {
  constructor(private readonly options: ToolOptions) {}

  get home(): string {
    return this.options.home;
  }

  /** A path in the home folder. */
  at(...names: string[]): string {
    return join(this.home, ...names);
  }

  /** The same home, with more in the environment. */
  with(env: NodeJS.ProcessEnv): Tools {
    return new Tools({ ...this.options, env: { ...this.options.env, ...env } });
  }

  in(cwd: string): Tools {
    return new Tools({ ...this.options, cwd });
  }

  /** Answers standard output, trimmed. @throws Error that holds the command and what it wrote to standard error */
  async run(tool: string, ...args: string[]): Promise<string> {
    return (await this.capture(tool, ...args)).stdout.trim();
  }

  /** As `run`, with what the program wrote to standard error, where some tell what they did. */
  async capture(tool: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> {
    const file = toolFile(tool);
    try {
      return await run(file, args, {
        env: this.environment(),
        cwd: this.options.cwd ?? this.home,
        maxBuffer: 64 * 1024 * 1024,
        timeout: 300_000,
      });
    } catch (cause) {
      const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : '';
      throw new Error(`${tool} ${args.join(' ')}: ${said.trim().split('\n').slice(-6).join(' | ') || String(cause)}`, {
        cause,
      });
    }
  }

  environment(): NodeJS.ProcessEnv {
    const { home, env } = this.options;
    const beside = ['runc', 'docker'].map(findTool).flatMap((file) => (file === undefined ? [] : [dirname(file)]));
    return {
      PATH: [process.env['ATOLL_TEST_TOOLS'] ?? '', process.env['PATH'] ?? '', '/usr/sbin', ...beside]
        .filter((part) => part !== '')
        .join(delimiter),
      HOME: home,
      XDG_RUNTIME_DIR: home,
      XDG_CONFIG_HOME: join(home, 'config'),
      XDG_DATA_HOME: join(home, 'data'),
      XDG_CACHE_HOME: join(home, 'cache'),
      DOCKER_CONFIG: join(home, 'docker'),
      REGCTL_CONFIG: join(home, 'regctl.json'),
      TMPDIR: home,
      ...env,
    };
  }
}
