import type { Step } from './connection.js';
import { encode } from './message.js';
import { batch, keepUpload, openUpload, type Episode, type Scene } from './scene.js';
import { OCI_IMAGE } from './world.js';

/** Requests whose bodies end before they should, or go on after. */
export function* brokenOff(scene: Scene): Episode {
  const { random, world } = scene;
  const repository = random.pick(world.repositories);
  const upload = yield* openUpload(scene, repository);
  if (upload === undefined) return;
  yield* keepUpload(scene, upload);
  const { digest, bytes: body } = random.pick(world.blobs);
  const [method, target] = random.pick([
    ['PATCH', upload.location],
    ['PUT', `${upload.location}?digest=${digest}`],
    ['POST', `/v2/${repository}/blobs/uploads/?digest=${digest}`],
    ['PUT', `/v2/${repository}/manifests/x`],
  ] as const);
  const whole = encode({ method, target, body, ...(random.next() < 0.5 && { chunks: [5, 50] }) });
  const bytes = whole.subarray(0, random.between(1, whole.length - 1));
  yield batch(scene, 'broken')
    .addBytes(bytes, {})
    .step(random.pick<Step['then']>(['half', 'half', 'cut', 'quiet']));
}

/** More than is taken of anything. */
export function* tooMuch(scene: Scene): Episode {
  const { random, world } = scene;
  const name = random.pick(world.repositories);
  const much = random.between(66_000, 120_000);
  const size = random.pick([4_194_305, 5_000_000]);
  const header = `GET /v2/ HTTP/1.1\r\nHost: r\r\nX-Much: ${'x'.repeat(much)}\r\n\r\n`;
  const manyHeaders = `GET /v2/ HTTP/1.1\r\nHost: r\r\n${'X: y\r\n'.repeat(12_000)}\r\n`;
  const url = `GET /v2/${'a/'.repeat(much / 2)}tags/list HTTP/1.1\r\nHost: r\r\n\r\n`;
  const headers = [`Content-Type: ${OCI_IMAGE}`];
  const manifest = { method: 'PUT', target: `/v2/${name}/manifests/big`, headers, body: Buffer.alloc(size, ' ') };
  const { raw, message } = random.pick([
    { raw: header },
    { raw: manyHeaders },
    { raw: url },
    { message: manifest },
    { message: { ...manifest, chunks: [65_536] } },
  ] as const);
  const requests = batch(scene, 'much');
  if (raw !== undefined) yield requests.addBytes(Buffer.from(raw), { wanted: [431] }).step('quiet');
  else yield requests.add(message, { wanted: [413] }).step();
}

/** A client that waits to be told to go on, or says so and does not wait. */
export function* expecting(scene: Scene): Episode {
  const { random, world } = scene;
  const { digest, bytes } = random.pick(world.blobs);
  const name = random.pick(world.repositories);
  const target = `/v2/${name}/blobs/uploads/?digest=${digest}`;
  const value = random.pick(['100-continue', '100-Continue', 'miracles', '', '100-continue, x']);
  const message = { method: 'POST', target, headers: [`Expect: ${value}`], body: bytes };
  const requests = batch(scene, 'expect');
  yield random.next() < 0.7
    ? requests.addBytes(encode(message), {}).step('quiet')
    : requests
        .addBytes(encode({ ...message, body: Buffer.alloc(0), headers: [...message.headers, 'Content-Length: 9'] }), {})
        .step('half');
}
