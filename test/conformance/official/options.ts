import { parseArgs } from 'node:util';
import { SUITES, type SuiteName } from './plan.js';

export const HELP = `usage: npm run conformance -- [options]

Starts Atoll on free ports and holds it against every conformance suite that is at hand.

  --only own,module,v1,v2    some of the suites; one that is named and cannot be run is a failure
                               own     Atoll's own, in test/conformance
                               module  the official suite of 2023-11, built with Go from the Go module proxy
                               v1      the official suite v1.1.1, a program named by ATOLL_CONFORMANCE_V1
                               v2      the rewritten official suite, a program named by ATOLL_CONFORMANCE_V2
  --quick                    the first variant of each suite alone
  --url URL                  a registry that runs already, instead of starting one; repositories are left behind in it
  --automatic-mount on|off   how that registry answers a mount without a source (off)
  --keep                     keep reports and logs even when all is well
  --help

docs/conformance.md explains the table, and is rewritten when everything ran.
`;

export interface Options {
  readonly help: boolean;
  readonly only: readonly SuiteName[];
  readonly quick: boolean;
  readonly keep: boolean;
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
      url: { type: 'string' },
      'automatic-mount': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { quick, keep, help, url, 'automatic-mount': automaticMount } = values;
  const only = values.only.flatMap((words) => words.split(',')).map(suiteName);
  if (url === undefined) {
    if (automaticMount !== undefined) throw new Error('--automatic-mount tells of the registry that --url names');
    return { help, only, quick, keep };
  }
  return { help, only, quick, keep, running: { url: origin(url), automaticMount: isOn(automaticMount ?? 'off') } };
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
