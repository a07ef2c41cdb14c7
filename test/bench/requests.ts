import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findTool } from '../clients/tool.js';
import { MANIFEST_TYPES } from '../harness/images.js';
import { loadRequests } from './load-task.js';

const run = promisify(execFile);

export interface Requests {
  readonly method: 'GET' | 'HEAD';
  readonly url: string;
  readonly connections: number;
  readonly warmSeconds: number;
  readonly seconds: number;
}

/**
 * Answers per second, with wrk where it is installed and able: it takes whole seconds, and waits for ever for the body of an answer
 * to HEAD. What it cannot do is done by our own light client, for every server alike.
 * @throws Error when any answer was not a success
 */
export async function requestsPerSecond({ url, ...how }: Requests): Promise<number> {
  const wrk = findTool('wrk');
  if (wrk === undefined || how.method === 'HEAD' || how.seconds < 1) {
    return loadRequests({ kind: 'requests', url, path: new URL(url).pathname, ...how });
  }
  if (how.warmSeconds > 0) await wrkOnce(wrk, url, how.connections, how.warmSeconds);
  return wrkOnce(wrk, url, how.connections, how.seconds);
}

/** A sentence for the table. */
export function whoCounts(): string {
  const by =
    findTool('wrk') === undefined
      ? 'by our own light client, as wrk is missing'
      : 'by wrk, HEADs by our own light client';
  return `GETs of small things were counted ${by}.`;
}

async function wrkOnce(wrk: string, url: string, connections: number, seconds: number): Promise<number> {
  const shape = ['-t2', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s'];
  const { stdout } = await run(wrk, [...shape, '-H', `Accept: ${MANIFEST_TYPES}`, url]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`${url}: ${stdout}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? Number.NaN);
}
