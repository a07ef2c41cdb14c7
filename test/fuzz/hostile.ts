import type { Message } from './message.js';
import { batch, keepUpload, openUpload, type Episode, type Scene } from './scene.js';
import { spoiled } from './spoiled-manifest.js';

/** Requests that HTTP has nothing against, at every route with every method, pipelined: some fine, most wrong in a place or two. */
export function* wrongRequests(scene: Scene): Episode {
  const { random } = scene;
  const requests = batch(scene, 'wrong');
  const count = random.next() < 0.02 ? 100 : random.between(1, 24);
  while (requests.size < count) requests.add(wrongRequest(scene));
  yield requests.step();
}

/** Manifests that are nearly right. */
export function* wrongManifests(scene: Scene): Episode {
  const { random, world } = scene;
  const requests = batch(scene, 'manifest');
  for (let left = random.between(1, 6); left > 0; left--) {
    const { bytes, type } = random.pick(world.manifests);
    const target = `/v2/${random.pick(world.repositories)}/manifests/${random.pick(world.tags)}`;
    const body = spoiled(bytes, random);
    requests.add({ method: 'PUT', target, headers: [`Content-Type: ${type}`], body });
  }
  yield requests.step();
}

/** Uploads whose requests contradict each other, two writers at once among them. */
export function* wrongUploads(scene: Scene): Episode {
  const { random, world } = scene;
  const upload = yield* openUpload(scene, random.pick(world.repositories));
  if (upload === undefined) return;
  yield* keepUpload(scene, upload);
  const requests = batch(scene, 'upload');
  for (let left = random.between(1, 8); left > 0; left--) requests.add(uploadRequest(scene, upload.location));
  yield requests.step();
}

function uploadRequest({ random, nasty, world }: Scene, location: string): Message {
  const method = random.pick(['PATCH', 'PATCH', 'PUT', 'GET', 'DELETE', 'HEAD']);
  const digest = random.next() < 0.7 ? random.pick(world.blobs).digest : encodeURIComponent(nasty.text());
  const target = method === 'PUT' || random.next() < 0.2 ? `${location}?digest=${digest}` : location;
  const headers = random.next() < 0.4 ? [nasty.header()] : [];
  const body = method === 'PATCH' || method === 'PUT' ? Buffer.alloc(random.between(0, 40), 'bytes') : undefined;
  return { method, target, headers, ...(body && { body }), ...(body && random.next() < 0.3 && { chunks: [3, 3] }) };
}

export function wrongRequest(scene: Scene): Message {
  const { random, nasty } = scene;
  const reads = random.next() < 0.85;
  const method =
    random.next() < 0.05 ? nasty.method() : random.pick(reads ? ['GET', 'HEAD'] : ['PUT', 'POST', 'PATCH', 'DELETE']);
  const path = pathOf(scene);
  const query = random.next() < 0.25 ? nasty.query() : '';
  const headers = Array.from({ length: random.next() < 0.4 ? random.between(1, 3) : 0 }, () => nasty.header());
  const body = bodyOf(scene, method);
  return {
    method,
    target: path + query,
    headers,
    ...(body && { body }),
    ...(body && random.next() < 0.2 && { chunks: [1] }),
  };
}

function bodyOf({ random, world, nasty }: Scene, method: string): Buffer | undefined {
  if (method === 'GET' || method === 'HEAD' || method === 'TRACE') {
    return random.next() < 0.03 ? Buffer.from(nasty.text(), 'latin1') : undefined;
  }
  if (random.next() < 0.25) return undefined;
  return random.pick([
    Buffer.from(nasty.text(), 'latin1'),
    random.pick(world.blobs).bytes,
    random.pick(world.manifests).bytes,
  ]);
}

function pathOf(scene: Scene): string {
  const { random, nasty, world, uploads } = scene;
  const name = random.next() < 0.75 ? random.pick(world.repositories) : nasty.pathText();
  const digest = random.next() < 0.75 ? random.pick(world.blobs).digest : nasty.pathText();
  switch (random.between(0, 9)) {
    case 0:
    case 1: {
      const known = random.next() < 0.5 ? random.pick(world.tags) : random.pick(world.manifests).digest;
      return `/v2/${name}/manifests/${random.next() < 0.7 ? known : nasty.pathText()}`;
    }
    case 2:
    case 3:
      return `/v2/${name}/blobs/${digest}`;
    case 4:
      return `/v2/${name}/blobs/uploads${random.pick(['/', '', '/x', '//'])}`;
    case 5:
      return uploads.length > 0
        ? bent(random.pick(uploads).location, random.between(1, 200))
        : '/v2/a/blobs/uploads/x.1.eu.y';
    case 6:
      return `/v2/${name}/tags/${random.next() < 0.8 ? 'list' : nasty.pathText()}`;
    case 7:
      return `/v2/${name}/referrers/${digest}`;
    case 8:
      return random.pick([
        '/v2/',
        '/v2',
        '/v2/_catalog',
        '/healthz',
        '/readyz',
        '/',
        '/metrics',
        '/v1/',
        '/V2/',
        '//v2/',
        '*',
      ]);
    default:
      return random.pick([
        `/v2/${name}/${nasty.pathText()}`,
        `/${nasty.pathText()}`,
        `http://evil/v2/${name}/tags/list`,
      ]);
  }
}

/** An upload's address, mostly with one character changed: the signature must not fit any more. */
function bent(location: string, at: number): string {
  if (at >= location.length) return location;
  return `${location.slice(0, at)}${location[at] === 'x' ? 'y' : 'x'}${location.slice(at + 1)}`;
}
