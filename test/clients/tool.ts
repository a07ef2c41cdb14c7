import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Where a program is: in the folder ATOLL_TEST_TOOLS first, then in PATH. */
export function findTool(name: string): string | undefined {
  const folders = [process.env['ATOLL_TEST_TOOLS'] ?? '', ...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface ToolOptions {
  readonly home: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs client programs that share one home folder, so that nothing of the user's is read or written. */
export class Tools {
  constructor(private readonly options: ToolOptions) {}

  get home(): string {
    return this.options.home;
  }

  /** Answers standard output, trimmed. @throws Error that holds the command and what it wrote to standard error */
  async run(tool: string, ...args: string[]): Promise<string> {
    const file = findTool(tool);
    if (file === undefined) throw new Error(`${tool} is not installed`);
    try {
      const { stdout } = await run(file, args, {
        env: this.environment(),
        cwd: this.home,
        maxBuffer: 64 * 1024 * 1024,
        timeout: 300_000,
      });
      return stdout.trim();
    } catch (cause) {
      const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : '';
      throw new Error(`${tool} ${args.join(' ')}: ${said.trim().split('\n').slice(-6).join(' | ') || String(cause)}`, {
        cause,
      });
    }
  }

  environment(): NodeJS.ProcessEnv {
    const { home, env } = this.options;
    return {
      PATH: [process.env['ATOLL_TEST_TOOLS'] ?? '', process.env['PATH'] ?? '', '/usr/sbin']
        .filter((part) => part !== '')
        .join(delimiter),
      HOME: home,
      XDG_RUNTIME_DIR: home,
      XDG_CONFIG_HOME: join(home, 'config'),
      XDG_DATA_HOME: join(home, 'data'),
      DOCKER_CONFIG: join(home, 'docker'),
      REGCTL_CONFIG: join(home, 'regctl.json'),
      TMPDIR: home,
      ...env,
    };
  }
}
