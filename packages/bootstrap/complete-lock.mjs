// Run after every change of package-lock.json: node packages/bootstrap/complete-lock.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { completeLock, missingFromLock } from './lock.mjs';

const file = new URL('../../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(file, 'utf8'));
const missing = missingFromLock(lock);
if (missing.length > 0) writeFileSync(file, `${JSON.stringify(completeLock(lock), undefined, 2)}\n`);
console.log(`${missing.length} optional dependencies were missing in package-lock.json, none is now`);
