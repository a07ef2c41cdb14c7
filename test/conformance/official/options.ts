import { parseArgs } from 'node:util';
import { STORE_SERVERS } from '../../stores/store-server.js';
import { SUITES, type SuiteName } from './plan.js';

export const HELP = `usage: npm run conformance -- [options]

Starts Atoll on free ports and holds it against every conformance suite that is at hand.

  --only own,module,v1,v2    some of the suites; one that is named and cannot be run is a failure
                               own     Atoll's own, in test/conformance
                               module  the official suite of 2023-11, built with Go from the Go module proxy
                               v1      the official suite v1.1.1, a program named by ATOLL_CONFORMANCE_V1
                               v2      the rewritten official suite, a program named by ATOLL_CONFORMANCE_V2
  --quick                    the first variant of each suite alone
  --storage URL|SERVER       where Atoll keeps what it is given, instead of a folder: a bucket, in which a folder of its own is
                             left behind, or a server that is started for the run: SERVERS
  --round-robin              three processes on that bucket, and each request goes to the next one
  --redirects                pulls of blobs are sent to that bucket by signed URLs; Atoll's own suite is left out, as its rules are
                             about answers of Atoll itself
  --url URL                  a registry that runs already, instead of starting one; repositories are left behind in it
  --automatic-mount on|off   how that registry answers a mount without a source (off)
  --keep                     keep reports and logs even when all is well
  --help

docs/conformance.md explains the table, and is rewritten when everything ran.
`.replace('SERVERS', STORE_SERVERS.join(', '));

export interface Options {
  readonly help: boolean;
  readonly only: readonly SuiteName[];
  readonly quick: boolean;
  readonly keep: boolean;
  /** A bucket's URL, or the name of a server of tests; absent: a folder. */
  readonly storage?: string;
  readonly roundRobin: boolean;
  readonly redirects: boolean;
  /** A registry that runs already, and how it is set. */
  readonly running?: { readonly url: string; readonly automaticMount: boolean };
}

/** @throws Error that says what is wrong */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      quick: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      storage: { type: 'string' },
      'round-robin': { type: 'boolean', default: false },
      redirects: { type: 'boolean', default: false },
      url: { type: 'string' },
      'automatic-mount': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { quick, keep, help, redirects, storage, url } = values;
  const { 'round-robin': roundRobin, 'automatic-mount': automaticMount } = values;
  const named = values.only.flatMap((words) => words.split(',')).map(suiteName);
  if (redirects && (storage === undefined || named.includes('own')))
    throw new Error("--redirects takes --storage, and is not for Atoll's own suite");
  const only = redirects && named.length === 0 ? SUITES.filter((name) => name !== 'own') : named;
  const asked = { help, only, quick, keep, roundRobin, redirects };
  if (url !== undefined) {
    if (storage !== undefined || roundRobin) throw new Error('--url names a registry that has its storage already');
    return { ...asked, running: { url: origin(url), automaticMount: isOn(automaticMount ?? 'off') } };
  }
  if (automaticMount !== undefined) throw new Error('--automatic-mount tells of the registry that --url names');
  if (roundRobin && (storage ?? 'file:').startsWith('file:')) {
    throw new Error('--round-robin takes --storage with a bucket that several processes may have open, not a folder');
  }
  return storage === undefined ? asked : { ...asked, storage };
}

function suiteName(word: string): SuiteName {
  const found = SUITES.find((name) => name === word);
  if (found === undefined) throw new Error(`no suite is named "${word}"; there are ${SUITES.join(', ')}`);
  return found;
}

function isOn(word: string): boolean {
  if (word !== 'on' && word !== 'off') throw new Error('--automatic-mount is on or off');
  return word === 'on';
}

function origin(text: string): string {
  const url = URL.parse(text);
  const isPlain = url?.pathname === '/' && url.search === '' && url.username === '' && url.hash === '';
  if (!isPlain || !/^https?:$/.test(url.protocol)) throw new Error(`--url takes http://HOST:PORT, not ${text}`);
  return url.origin;
}
