import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessState {
  /** What each open descriptor leads to, without its number. */
  readonly descriptors: readonly string[];
  readonly residentBytes: number;
}

/** What Linux tells of a process; `undefined` elsewhere. */
export function processState(pid: number): ProcessState | undefined {
  try {
    const folder = `/proc/${pid}/fd`;
    const descriptors = readdirSync(folder).map((number) => leadsTo(`${folder}/${number}`));
    const pages = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return { descriptors, residentBytes: Number(pages) * 1024 };
  } catch {
    return undefined;
  }
}

/** Closed between the look at the folder and the look at the link. */
function leadsTo(link: string): string {
  try {
    // The store's log goes on in a file with the next number.
    return readlinkSync(link).replace(/:\[\d+\]$|(?<=\/log\/)\d+$/, '');
  } catch {
    return 'closed';
  }
}

/** Descriptors that are open now and were not before: `3 x socket`. */
export function newDescriptors(before: ProcessState, now: ProcessState): string[] {
  const counts = new Map<string, number>();
  for (const descriptor of now.descriptors) counts.set(descriptor, (counts.get(descriptor) ?? 0) + 1);
  for (const descriptor of before.descriptors) counts.set(descriptor, (counts.get(descriptor) ?? 0) - 1);
  return [...counts].filter(([, count]) => count > 0).map(([descriptor, count]) => `${count} x ${descriptor}`);
}
