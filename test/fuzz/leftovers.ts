import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { keys } from '@atoll/storage';
import { FsStore } from '@atoll/storage-fs';
import { z } from 'zod';

const Session = z.object({ state: z.string() });
const Record = z.object({ data: z.string() });
const AT_ONCE = 1000;

/** What a region's folder may not hold once its process has stopped and every upload was cancelled: one sentence for each kind. */
export async function leftovers(folder: string): Promise<string[]> {
  const store = await FsStore.open({ root: folder, readOnly: true });
  try {
    const drafts = filesIn(join(folder, 'tmp'));
    const parts = filesIn(join(folder, 'parts'));
    const open = await openSessions(store);
    const intents = (await keysOf(store, 'r/')).filter((key) => key.includes('/@i/'));
    const orphans = await orphanedData(store);
    const kinds = {
      'drafts in tmp/': drafts,
      'files in parts/': parts,
      'upload sessions': open,
      intents,
      'data objects without a record': orphans,
    };
    return Object.entries(kinds).flatMap(([kind, found]) =>
      found.length === 0 ? [] : [`${found.length} ${kind} left, such as ${found[0]}`],
    );
  } finally {
    await store.close();
  }
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

async function openSessions(store: FsStore): Promise<string[]> {
  const open: string[] = [];
  for (const key of await keysOf(store, keys.uploads)) {
    const [line = ''] = ((await store.get(key))?.body.toString('latin1') ?? '').split('\n', 1);
    const { state } = Session.parse(JSON.parse(line));
    if (state === 'open' || state === 'committing') open.push(key);
  }
  return open;
}

async function orphanedData(store: FsStore): Promise<string[]> {
  const named = new Set<string>();
  for (const key of await keysOf(store, 'b/')) {
    const body = (await store.get(key))?.body;
    if (body) named.add(Record.parse(JSON.parse(body.toString())).data);
  }
  return (await keysOf(store, 'd/')).filter((key) => !named.has(key));
}

async function keysOf(store: FsStore, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.list(prefix, { limit: AT_ONCE, ...(after !== undefined && { after }) });
    found.push(...page.entries.map(({ key }) => key));
    after = found.at(-1);
    if (!page.more) return found;
  }
}
