import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkoutFolder } from '../harness/checkout.js';

export const HELP = `usage: npm run bench -- [names] [options]

names: protocol     the table of all registries side by side
       memory blobs manifests lists replication buckets giants
       without a name, all of them

  --rounds N        medians of N, by default 5 for protocol and 3 for the others; fewer than 3 are printed and not kept
  --peer NAME=URL   one more registry for protocol, over plain HTTP; may be repeated. Memory is not known, and it is not fresh in
                    each round. NAME=COMMAND starts one in each round: {port} and {folder} are replaced in it
  --only TEXT       only the rows of protocol that have TEXT in their name; printed and not kept
  --profile FOLDER  protocol: Atoll leaves a profile of its processor time there, one for each round
  --small           protocol: very little of everything, nothing is judged; shows in seconds that it runs
  --folder FOLDER   a folder on the disk that is measured

What is kept goes into docs/performance.md. The exit status is 1 when a target is missed or something failed.`;

export interface RunOptions {
  readonly names: readonly string[];
  readonly rounds?: number;
  readonly folder: string;
  readonly peers: ReadonlyMap<string, string>;
  readonly only?: string;
  readonly small: boolean;
  readonly profileFolder?: string;
}

/** @throws Error that says what was used wrongly */
export function readOptions(args: readonly string[], known: readonly string[]): RunOptions | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      folder: { type: 'string', default: join(checkoutFolder(), '.cache') },
      peer: { type: 'string', multiple: true, default: [] },
      only: { type: 'string' },
      profile: { type: 'string' },
      small: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no bench named ${unknown.join(', ')}; there are ${known.join(', ')}`);
  const profileFolder = values.profile === undefined ? undefined : resolve(values.profile);
  if (profileFolder !== undefined) mkdirSync(profileFolder, { recursive: true });
  return {
    names: positionals.length === 0 ? known : positionals,
    folder: resolve(values.folder),
    peers: new Map(values.peer.map(readPeer)),
    small: values.small,
    ...(values.rounds === undefined ? {} : { rounds: readRounds(values.rounds) }),
    ...(values.only === undefined ? {} : { only: values.only }),
    ...(profileFolder === undefined ? {} : { profileFolder }),
  };
}

function readRounds(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text)) throw new Error(`--rounds takes a number from 1, not ${text}`);
  return Number(text);
}

function readPeer(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new Error(`--peer takes NAME=URL or NAME=COMMAND, not ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}
