import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the checkout, found from a source file and from a compiled one alike. */
export function checkoutFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isCheckout(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('this file is not inside a checkout of atoll');
    folder = parent;
  }
  return folder;
}

function isCheckout(file: string): boolean {
  return existsSync(file) && /"name":\s*"atoll"/.test(readFileSync(file, 'utf8'));
}

/** The compiled command `atoll`. @throws Error that says how to build it */
export function atollMain(): string {
  const file = join(checkoutFolder(), 'packages/cli/dist/main.js');
  if (!existsSync(file)) throw new Error(`${file} is missing: build first (npx tsc -b)`);
  return file;
}
