import { SMUGGLED } from './judge.js';
import { encode, inChunks, type Message } from './message.js';
import type { Step } from './connection.js';
import { wrongRequest } from './hostile.js';
import { batch, type Episode, type Scene } from './scene.js';

/** A whole request, to be put where only a body may be. */
function stowaway(scene: Scene): Buffer {
  const { random, world } = scene;
  const target = random.pick(['/v2/', '/v2/_catalog', `/v2/${random.pick(world.repositories)}/tags/list`, '/nowhere']);
  return encode({ method: random.pick(['GET', 'DELETE', 'POST']), target }, `${SMUGGLED}.${scene.prefix}`);
}

function carrier({ random, world }: Scene): Pick<Message, 'method' | 'target'> {
  const name = random.pick(world.repositories);
  return random.pick([
    { method: 'POST', target: `/v2/${name}/blobs/uploads/` },
    { method: 'PUT', target: `/v2/${name}/manifests/x` },
    { method: 'PATCH', target: `/v2/${name}/blobs/uploads/x` },
    { method: 'GET', target: '/v2/' },
    { method: 'DELETE', target: `/v2/${name}/manifests/x` },
    { method: 'HEAD', target: '/v2/' },
  ]);
}

/** Bodies that hold a request, between requests: each of those around is answered, the one inside never. */
export function* stowaways(scene: Scene): Episode {
  const { random } = scene;
  const requests = batch(scene, 'stowaway');
  for (let left = random.between(1, 5); left > 0; left--) {
    const body = stowaway(scene);
    const chunks = random.pick([[], [1], [body.length - 1], [10, 10]]);
    requests.add({ ...carrier(scene), body, ...(random.next() < 0.7 && { chunks }) });
    requests.add({ method: 'GET', target: '/v2/' }, { wanted: [200] });
  }
  yield requests.step();
}

/** Two readers could disagree about where such a request ends, so it is refused, and nothing behind it is read. */
const AMBIGUOUS: readonly ((body: Buffer) => readonly (string | Uint8Array)[])[] = [
  (body) => [`Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, body],
  (body) => ['Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n', ...inChunks(body, [])],
  (body) => [`Content-Length: 0\r\nContent-Length: ${body.length}\r\n\r\n`, body],
  (body) => [`Content-Length: ${body.length}\r\nContent-Length: ${body.length}\r\n\r\n`, body],
  (body) => [`Content-Length: 0, ${body.length}\r\n\r\n`, body],
  (body) => [`Content-Length: +${body.length}\r\n\r\n`, body],
  (body) => [`Content-Length: -1\r\n\r\n`, body],
  (body) => [`Content-Length: 0x${body.length.toString(16)}\r\n\r\n`, body],
  (body) => [`Content-Length : ${body.length}\r\n\r\n`, body],
  (body) => [`Content-Length: 18446744073709551616\r\n\r\n`, body],
  (body) => [`Content-Length: 9223372036854775807\r\n\r\n`, body],
  (body) => [`Content-Length:\r\n ${body.length}\r\n\r\n`, body],
  (body) => ['Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n', body],
  (body) => ['Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', body],
  (body) => ['Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n', body],
  (body) => ['Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n', body],
  (body) => ['Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n', body],
  (body) => ['Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n', body],
  (body) => ['Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', body],
  (body) => ['Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n', body],
  (body) => [`X: y\nContent-Length: ${body.length}\r\n\r\n`, body],
  (body) => [`X: y\rContent-Length: ${body.length}\r\n\r\n`, body],
  (body) => [`X\0: y\r\nContent-Length: ${body.length}\r\n\r\n`, body],
  (body) => [`X: y\r\n folded\r\nContent-Length: ${body.length}\r\n\r\n`, body],
  (body) => [`Host: other\r\nContent-Length: ${body.length}\r\n\r\n`, body],
];

/** Chunks that are none. What is before the fault may have been taken, what is behind it is never read. */
const BAD_CHUNKS = [
  '1;a\nb\r\nx\r\n0\r\n\r\n',
  '0x1\r\nx\r\n0\r\n\r\n',
  '-1\r\nx\r\n0\r\n\r\n',
  ' 1\r\nx\r\n0\r\n\r\n',
  '1 \r\nx\r\n0\r\n\r\n',
  'ffffffffffffffffff\r\nx\r\n0\r\n\r\n',
  '1\nx\n0\n\n',
  '1\r\nx0\r\n\r\n',
  '1\r\nxy\r\n0\r\n\r\n',
  'g\r\nx\r\n0\r\n\r\n',
  '\r\n0\r\n\r\n',
  `1;${'a'.repeat(20_000)}\r\nx\r\n0\r\n\r\n`,
  '0\r\nContent-Length: 5\r\n\r\n',
  '0\r\nTransfer-Encoding: chunked\r\n\r\n',
  '0\r\nnone\r\n\r\n',
];

export function* ambiguousFraming(scene: Scene): Episode {
  const { random } = scene;
  const { method, target } = carrier(scene);
  const body = stowaway(scene);
  const start = `${method === 'HEAD' ? 'GET' : method} ${target} HTTP/1.1\r\nHost: r\r\n`;
  const rest =
    random.next() < 0.6
      ? random.pick(AMBIGUOUS)(body)
      : ['Transfer-Encoding: chunked\r\n\r\n', random.pick(BAD_CHUNKS), body];
  const before = batch(scene, 'before');
  if (random.next() < 0.3) before.add({ method: 'GET', target: '/v2/' }, { wanted: [200] });
  const bytes = [start, ...rest].map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part));
  yield before.addBytes(Buffer.concat(bytes), {}).step('quiet');
}

const RAW = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  ' ',
  '\t',
  ':',
  '\xff',
  '\x7f',
  '\x0b',
  '0',
  '-',
  ';',
  '\r\n ',
  'HTTP/1.1',
];

/** Bytes of a request, damaged at random. */
export function* damagedBytes(scene: Scene): Episode {
  const { random } = scene;
  const requests = batch(scene, 'damaged');
  const message = wrongRequest(scene);
  const method = message.method === 'HEAD' ? 'GET' : message.method;
  let bytes = encode({ ...message, method }, `${scene.prefix}.damaged`);
  for (let left = random.between(1, 3); left > 0; left--) bytes = damage(bytes, scene);
  const then = random.pick<Step['then']>(['quiet', 'quiet', 'half', 'cut']);
  requests.addBytes(bytes, {});
  yield requests.step(then);
}

function damage(bytes: Buffer, { random }: Scene): Buffer {
  const text = bytes.toString('latin1');
  const at = random.between(0, text.length);
  switch (random.between(0, 5)) {
    case 0:
      return Buffer.from(text.slice(0, at), 'latin1');
    case 1:
      return Buffer.from(text.slice(0, at) + random.pick(RAW) + text.slice(at), 'latin1');
    case 2:
      return Buffer.from(text.slice(0, at) + text.slice(at + random.between(1, 4)), 'latin1');
    case 3:
      return Buffer.from(text.replace('\r\n', random.pick(['\n', '\r', '\r\r\n', '\n\n', ''])), 'latin1');
    case 4:
      return Buffer.from(
        text.replace(/HTTP\/1\.1/, random.pick(['HTTP/1.0', 'HTTP/2.0', 'HTTP/1.9', 'http/1.1', '', 'HTTP/1.1 '])),
        'latin1',
      );
    default: {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[Math.min(at, copy.length - 1)] = random.between(0, 255);
      return copy;
    }
  }
}
