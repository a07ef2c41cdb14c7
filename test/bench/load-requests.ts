// Small requests under a clock, in a process of its own: reads one task as JSON from its arguments, prints one result as JSON.
import { filledContent, image, MANIFEST_TYPES, type Content, type Image } from '../harness/images.js';
import { withDigest } from '../harness/push.js';
import { sha256 } from '../harness/wire.js';
import { LightConnection, type LightAnswer } from './light-connection.js';
import { RequestsTask } from './load-task.js';

const LAYER_BYTES = 5_000;
const OCTETS = 'Content-Type: application/octet-stream\r\n';

type Work = (connection: LightConnection) => Promise<void>;

interface Counted {
  readonly count: number;
  readonly seconds: number;
}

const task = RequestsTask.parse(JSON.parse(process.argv[2] ?? ''));
let made = 0;
const connections = await Promise.all(Array.from({ length: task.connections }, () => LightConnection.open(task.url)));
const works: Record<typeof task.kind, () => Promise<Work>> = {
  requests: oneRequest,
  images: newImages,
  pulls: oldImages,
  tags: newTags,
};
const work = await works[task.kind]();
const counted = task.most === undefined ? await countWhile(work) : await timeOf(work, task.most);
process.stdout.write(JSON.stringify(counted));
process.exit(0);

/** How often `work` ended between the end of the warming and the end of the clock. */
async function countWhile(work: Work): Promise<Counted> {
  const warm = performance.now() + task.warmSeconds * 1000;
  const end = warm + task.seconds * 1000;
  let ended = 0;
  const stream = async (connection: LightConnection): Promise<void> => {
    for (let now = performance.now(); now < end;) {
      await work(connection);
      now = performance.now();
      if (now >= warm && now < end) ended += 1;
    }
  };
  await Promise.all(connections.map(stream));
  return { count: ended, seconds: task.seconds };
}

async function timeOf(work: Work, count: number): Promise<Counted> {
  const begin = performance.now();
  let begun = 0;
  const stream = async (connection: LightConnection): Promise<void> => {
    while (begun++ < count) await work(connection);
  };
  await Promise.all(connections.map(stream));
  return { count, seconds: (performance.now() - begin) / 1000 };
}

function oneRequest(): Promise<Work> {
  const { method, path } = task;
  const accept = `Accept: ${MANIFEST_TYPES}\r\n`;
  return Promise.resolve(async (connection) => {
    expectStatus(await connection.ask(method, path, accept), 200, `${method} ${path}`);
  });
}

/** As a client pushes a small image: each blob asked for, then sent in one piece, then the manifest under its tag. */
function newImages(): Promise<Work> {
  return Promise.resolve(async (connection) => {
    const { repository, pushed } = nextImage();
    for (const blob of pushed.blobs) await pushBlob(connection, repository, blob);
    await putManifest(connection, repository, pushed);
  });
}

/** The images that `newImages` has pushed, in the same order: the manifest by its tag, then each blob. */
function oldImages(): Promise<Work> {
  const accept = `Accept: ${MANIFEST_TYPES}\r\n`;
  return Promise.resolve(async (connection) => {
    const { repository, pushed } = nextImage();
    const paths = [`manifests/${tagOf(pushed)}`, ...pushed.blobs.map(({ digest }) => `blobs/${digest}`)];
    for (const path of paths) {
      expectStatus(await connection.ask('GET', `/v2/${repository}/${path}`, accept), 200, `GET of ${path}`);
    }
  });
}

function nextImage(): { repository: string; pushed: Image } {
  const at = made++;
  const name = `${task.name} ${at}`;
  const pushed = image(name, [filledContent(name, LAYER_BYTES)]);
  return { repository: `${task.repository}-${at % task.connections}`, pushed };
}

/** Manifests that differ, of one config and one layer, all in one repository. */
async function newTags(): Promise<Work> {
  const [first] = connections;
  const base = image(task.name, [filledContent(task.name, LAYER_BYTES)]);
  if (first !== undefined) for (const blob of base.blobs) await pushBlob(first, task.repository, blob);
  const head = base.bytes.toString('utf8').slice(0, -1);
  return async (connection) => {
    const bytes = Buffer.from(`${head},"annotations":{"org.example.number":"${made++}"}}`);
    await putManifest(connection, task.repository, { ...base, bytes, digest: sha256(bytes) });
  };
}

async function pushBlob(connection: LightConnection, repository: string, { digest, bytes }: Content): Promise<void> {
  const blobs = `/v2/${repository}/blobs/`;
  const asked = await connection.ask('HEAD', `${blobs}${digest}`);
  if (asked.status === 200) return;
  expectStatus(asked, 404, 'HEAD of a blob');
  const opened = await connection.ask('POST', `${blobs}uploads/`);
  expectStatus(opened, 202, 'POST of an upload');
  expectStatus(await connection.ask('PUT', withDigest(opened.location, digest), OCTETS, bytes), 201, 'PUT of a blob');
}

async function putManifest(
  connection: LightConnection,
  repository: string,
  { mediaType, bytes, digest }: Image,
): Promise<void> {
  const path = `/v2/${repository}/manifests/${tagOf({ digest })}`;
  expectStatus(await connection.ask('PUT', path, `Content-Type: ${mediaType}\r\n`, bytes), 201, 'PUT of a manifest');
}

function tagOf({ digest }: Pick<Image, 'digest'>): string {
  return `v${digest.slice(-16)}`;
}

function expectStatus({ status }: LightAnswer, wanted: number, what: string): void {
  if (status !== wanted) throw new Error(`${what}: ${status}, not ${wanted}`);
}
