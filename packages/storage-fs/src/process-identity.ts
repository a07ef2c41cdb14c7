import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';
import { errorCode } from './file-system.js';

/** What tells a process from every other, also from a later one of the same number. Empty where the system does not say. */
export const ProcessIdentity = z.object({
  pid: z.number().int().positive(),
  startTime: z.string(),
  bootId: z.string(),
  pidNamespace: z.string(),
  hostname: z.string(),
});

export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

/** `elsewhere`: a process whose life cannot be looked up from here. */
export type Liveness = 'alive' | 'dead' | 'elsewhere';

export function thisProcess(): ProcessIdentity {
  return {
    pid: process.pid,
    startTime: startTimeOf(process.pid) ?? '',
    bootId: orEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: orEmpty(() => readlinkSync('/proc/self/ns/pid')),
    hostname: hostname(),
  };
}

/**
 * Whether a process lives. Process numbers of the same boot and namespace can be looked up. Those of another boot or container
 * cannot; if it bore this one's host name, it is what ran here before.
 */
export function livenessOf(other: ProcessIdentity, self: ProcessIdentity, startTime = startTimeOf): Liveness {
  if (other.bootId === self.bootId && other.pidNamespace === self.pidNamespace) {
    return startTime(other.pid) === other.startTime ? 'alive' : 'dead';
  }
  return other.hostname === self.hostname ? 'dead' : 'elsewhere';
}

/** When a living process started, in ticks since boot; `''` where the system does not say; `undefined` when it does not live. */
export function startTimeOf(pid: number): string | undefined {
  const stat = orEmpty(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === '') return exists(pid) ? '' : undefined;
  // The second field is the program's name in parentheses, which may itself contain parentheses and spaces.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ended = state === 'Z' || state === 'X';
  return ended ? undefined : fields[18];
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (cause) {
    return errorCode(cause) === 'EPERM';
  }
}

function orEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
