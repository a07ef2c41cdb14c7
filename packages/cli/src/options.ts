import { ConfigError } from '@atoll/runtime';
import { Option } from 'commander';
import { z } from 'zod';

/** An option is a setting for one run: it is checked as the setting it stands for. */
const SETTING_OF: ReadonlyMap<string, { readonly flag: string; readonly name: string }> = new Map([
  ['data', { flag: '--data', name: 'ATOLL_DATA' }],
  ['region', { flag: '--region', name: 'ATOLL_REGIONS' }],
  ['storage', { flag: '--storage', name: 'ATOLL_BUCKETS' }],
  ['host', { flag: '--host', name: 'ATOLL_HOST' }],
  ['port', { flag: '--port', name: 'ATOLL_PORT' }],
  ['logLevel', { flag: '--log-level', name: 'ATOLL_LOG_LEVEL' }],
]);

export const options = {
  data: () => new Option('--data <folder>', 'where the regions keep their data (ATOLL_DATA, .atoll)'),
  region: () => new Option('--region <name=port...>', 'a region and its port (ATOLL_REGIONS, eu=5001 us=5002)'),
  storage: () => new Option('--storage <name=url...>', "a region's bucket (ATOLL_BUCKETS, a folder of its own)"),
  host: () => new Option('--host <address>', 'the address to listen on (ATOLL_HOST, 127.0.0.1)'),
  port: () => new Option('--port <number>', 'the port to listen on (ATOLL_PORT, 5000)'),
  logLevel: () => new Option('--log-level <level>', 'error, warn, info or debug (ATOLL_LOG_LEVEL)'),
  json: () => new Option('--json', 'print JSON'),
  withWorker: () =>
    new Option('--with-worker', "run the region's worker too: one process is both where storage is a folder"),
};

const Typed = z.record(z.string(), z.unknown());

/** The environment as these options change it. */
export function withOptions(env: NodeJS.ProcessEnv, typed: unknown): NodeJS.ProcessEnv {
  const changed = { ...env };
  for (const [key, value] of Object.entries(Typed.parse(typed))) {
    const setting = SETTING_OF.get(key);
    if (setting !== undefined) changed[setting.name] = Array.isArray(value) ? value.join(',') : String(value);
  }
  return changed;
}

/** A fault of a setting, told of the option that was typed in its place. */
export function inWordsOf(args: readonly string[], cause: unknown): unknown {
  if (!(cause instanceof ConfigError)) return cause;
  const typed = [...SETTING_OF.values()].filter(({ flag }) =>
    args.some((arg) => arg === flag || arg.startsWith(`${flag}=`)),
  );
  const lines = cause.lines.map((line) => {
    const { flag, name } = typed.find(({ name }) => line.startsWith(`${name} `)) ?? { flag: '', name: '' };
    return `${flag}${line.slice(name.length)}`;
  });
  return new ConfigError(lines);
}
