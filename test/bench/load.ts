// The load of a bench, in a process of its own: reads one task as JSON from its arguments, prints one result as JSON.
// Preallocated bytes, digests computed before the clock starts, answers counted and not kept: this process must not be what is measured.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { lightGet } from './light-get.js';
import { LoadTask, type LoadResult } from './load-task.js';
import { Pattern } from './pattern.js';

const task = LoadTask.parse(JSON.parse(process.argv[2] ?? ''));
const agent = new Agent({ keepAlive: true, maxSockets: task.streams });
const patterns = Array.from({ length: task.count }, (_, at) => new Pattern(`${task.name} ${at}`, task.sizeBytes));
// Before the clock starts: a file that was flushed may have left the memory by now, one that was not is still there.
if (task.kind === 'pull' && task.verify) await inStreams((pattern) => pull(pattern, true));
const begin = performance.now();
await inStreams(task.kind === 'push' ? push : pull, task.repeats);
const seconds = (performance.now() - begin) / 1000;
const result: LoadResult = {
  seconds,
  bytes: task.count * task.repeats * task.sizeBytes,
  digests: patterns.map(({ digest }) => digest),
};
process.stdout.write(JSON.stringify(result));
process.exit(0);

async function inStreams(work: (pattern: Pattern) => Promise<void>, repeats = 1): Promise<void> {
  const left = Array.from({ length: repeats }, () => patterns).flat();
  const stream = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: task.streams }, stream));
}

/** As Docker does: POST, one PATCH with all bytes and no range, an empty PUT with the digest. */
async function push(pattern: Pattern): Promise<void> {
  const opened = await answerOf(ask('POST', `/v2/${task.repository}/blobs/uploads/`).end(), 202);
  const patch = ask('PATCH', opened.headers.location ?? '', {
    'Content-Length': pattern.sizeBytes,
    'Content-Type': 'application/octet-stream',
  });
  const patched = answerOf(patch, 202);
  for (const chunk of pattern.chunks()) if (!patch.write(chunk)) await Promise.race([once(patch, 'drain'), patched]);
  patch.end();
  const location = (await patched).headers.location ?? '';
  await answerOf(ask('PUT', `${location}${location.includes('?') ? '&' : '?'}digest=${pattern.digest}`).end(), 201);
}

async function pull({ digest, sizeBytes }: Pattern, verify = false): Promise<void> {
  const hash = createHash('sha256');
  const url = new URL(`/v2/${task.repository}/blobs/${digest}`, task.url);
  const bytes = await lightGet(url, verify ? (chunk) => void hash.update(chunk) : undefined);
  if (bytes !== sizeBytes || (verify && `sha256:${hash.digest('hex')}` !== digest)) {
    throw new Error(`GET ${digest}: other bytes than pushed`);
  }
}

function ask(method: string, target: string, headers: Record<string, string | number> = {}): ClientRequest {
  const none = method === 'POST' || method === 'PUT' ? { 'Content-Length': 0 } : {};
  return request(new URL(target, task.url), { method, agent, headers: { ...none, ...headers } });
}

async function answerOf(sent: ClientRequest, status: number): Promise<IncomingMessage> {
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.resume();
  await once(answer, 'end');
  if (answer.statusCode !== status) throw new Error(`${sent.method} ${sent.path}: ${answer.statusCode}, not ${status}`);
  return answer;
}
