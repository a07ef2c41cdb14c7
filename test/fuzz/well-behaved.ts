import { batch, keepUpload, openUpload, type Episode, type Scene } from './scene.js';
import { OCI_IMAGE, sha256, sha512, type Content, type Document } from './world.js';

/** A push and a pull as clients do them, in a repository of the lane's own: every answer is known. */
export function* pushAndPull(scene: Scene): Episode {
  const { random, world, own } = scene;
  const image = random.pick(world.manifests.filter(({ type }) => type === OCI_IMAGE));
  const blobs = world.blobs.filter(({ digest }) => image.bytes.includes(digest));
  const tag = random.pick(world.tags);
  const parts = batch(scene, 'blobs');
  for (const { digest, bytes } of blobs) {
    parts.add({ method: 'POST', target: `/v2/${own}/blobs/uploads/?digest=${digest}`, body: bytes }, { wanted: [201] });
  }
  yield parts.step();
  const target = `/v2/${own}/manifests/${tag}`;
  const headers = [`Content-Type: ${image.type}`];
  yield batch(scene, 'put')
    .add({ method: 'PUT', target, headers, body: image.bytes }, { wanted: [201] })
    .step();
  yield pull(scene, image, tag, blobs);
  if (random.next() < 0.3) {
    const gone = random.next() < 0.5 ? tag : image.digest;
    yield batch(scene, 'delete')
      .add({ method: 'DELETE', target: `/v2/${own}/manifests/${gone}` }, { wanted: [202] })
      .step();
    yield batch(scene, 'gone')
      .add({ method: 'GET', target }, { wanted: [404] })
      .step();
  }
}

function pull(scene: Scene, image: Document, tag: string, blobs: readonly Content[]) {
  const { own } = scene;
  const asks = batch(scene, 'pull');
  const get = (path: string, wanted: number, more: { headers?: string[]; body?: Buffer; method?: string } = {}) => {
    const { method = 'GET', headers = [], body } = more;
    asks.add({ method, target: `/v2/${own}/${path}`, headers }, { wanted: [wanted], ...(body && { body }) });
  };
  get(`manifests/${tag}`, 200, { body: image.bytes });
  get(`manifests/${image.digest}`, 200, { body: image.bytes });
  get(`manifests/${tag}`, 200, { method: 'HEAD' });
  get(`manifests/${tag}`, 304, { headers: [`If-None-Match: "${image.digest}"`] });
  get('tags/list', 200);
  get(`referrers/${sha256('subject')}`, 200);
  for (const { digest, bytes } of blobs) {
    get(`blobs/${digest}`, 200, { body: bytes });
    get(`blobs/${digest}`, 200, { method: 'HEAD' });
    get(`blobs/${digest}`, bytes.length > 0 ? 206 : 200, { headers: ['Range: bytes=0-0'] });
  }
  return asks.step();
}

/** An upload in chunks, some of which do not follow on, that ends well, badly, or not at all. */
export function* uploadInChunks(scene: Scene): Episode {
  const { random, own } = scene;
  const upload = yield* openUpload(scene, own);
  if (upload === undefined) return;
  const { location } = upload;
  const bytes = Buffer.alloc(random.between(0, 400), `kind ${random.between(0, 99)} `);
  let offset = 0;
  while (offset < bytes.length && random.next() < 0.8) {
    const end = Math.min(bytes.length, offset + random.between(1, 200));
    const body = bytes.subarray(offset, end);
    yield misplaced(scene, location, offset);
    const headers = random.next() < 0.5 ? [`Content-Range: ${offset}-${end - 1}`] : [];
    const message = {
      method: 'PATCH',
      target: location,
      headers,
      body,
      ...(random.next() < 0.4 && { chunks: [1, 7] }),
    };
    yield batch(scene, `chunk${offset}`)
      .add(message, { wanted: [202] })
      .step();
    offset = end;
  }
  const rest = bytes.subarray(offset);
  yield* random.pick([finish, finish, spoil, cancel, leave])(scene, location, bytes, rest);
}

function misplaced(scene: Scene, location: string, offset: number) {
  const start = offset + scene.random.between(1, 50);
  const headers = [`Content-Range: ${start}-${start + 4}`];
  return batch(scene, `gap${offset}`)
    .add({ method: 'PATCH', target: location, headers, body: Buffer.from('wrong') }, { wanted: [416] })
    .add({ method: 'GET', target: location }, { wanted: [204] })
    .step();
}

function* finish(scene: Scene, location: string, bytes: Buffer, rest: Buffer): Episode {
  const digest = scene.random.next() < 0.3 ? sha512(bytes) : sha256(bytes);
  const target = `${location}?digest=${digest}`;
  yield batch(scene, 'finish')
    .add({ method: 'PUT', target, body: rest }, { wanted: [201] })
    .step();
  const get = { method: 'GET', target: `/v2/${scene.own}/blobs/${digest}` };
  yield batch(scene, 'get')
    .add(get, { wanted: [200], body: bytes })
    .step();
  // An image of this repository may have the empty blob as a layer, and keeps it.
  yield batch(scene, 'unlink')
    .add({ ...get, method: 'DELETE' }, { wanted: bytes.length > 0 ? [202] : [202, 405] })
    .step();
}

/** Content of another digest: the upload is over, and nothing of it can be seen. */
function* spoil(scene: Scene, location: string, bytes: Buffer, rest: Buffer): Episode {
  const digest = sha256(Buffer.concat([bytes, Buffer.from('!')]));
  yield batch(scene, 'spoil')
    .add({ method: 'PUT', target: `${location}?digest=${digest}`, body: rest }, { wanted: [400] })
    .step();
  const target = `/v2/${scene.own}/blobs/${digest}`;
  yield batch(scene, 'none')
    .add({ method: 'GET', target }, { wanted: [404] })
    .step();
}

function* cancel(scene: Scene, location: string): Episode {
  yield batch(scene, 'cancel')
    .add({ method: 'DELETE', target: location }, { wanted: [204] })
    .step();
  yield batch(scene, 'status').add({ method: 'GET', target: location }, {}).step();
}

function* leave(scene: Scene, location: string): Episode {
  yield* keepUpload(scene, { repository: scene.own, location });
}
