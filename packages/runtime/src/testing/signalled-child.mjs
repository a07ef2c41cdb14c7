// A process of its own for the tests of runUntilSignalled: its first argument names the plan.
import { setTimeout as sleep } from 'node:timers/promises';
import { runUntilSignalled } from '../run-until-signalled.ts';

const plan = process.argv[2];
const say = (line) => process.stdout.write(`${line}\n`);
const log = { info: (message) => say(`info ${message}`), error: (message) => say(`error ${message}`) };

async function start(own, signal) {
  own('store', async () => say('stop store'));
  if (plan === 'broken') throw new Error('port in use');
  if (plan === 'starting') {
    say('ready');
    await sleep(60_000, undefined, { signal });
  }
  own('api', stopApi);
  setInterval(() => undefined, 1000);
  say('ready');
}

async function stopApi() {
  say('stop api');
  if (plan === 'failing') throw new Error('cannot');
  if (plan === 'slow' || plan === 'brief') say('draining');
  if (plan === 'brief') await sleep(50);
  if (plan === 'slow' || plan === 'hanging') await sleep(60_000);
}

try {
  const stopTimeoutSeconds = plan === 'hanging' ? 0.2 : 30;
  process.exit(await runUntilSignalled({ start, stopTimeoutSeconds, log }));
} catch (cause) {
  say(`thrown ${cause.message}`);
  process.exit(7);
}
