import type { Content, Image } from './images.js';
import { expectStatus, headerOf, type Answer, type Wire } from './wire.js';

/** The ways a client may bring a blob. */
export type Manner = 'post-put' | 'post-only' | 'patch-put' | 'chunks';

const OCTETS = { 'Content-Type': 'application/octet-stream' };

export async function hasBlob(wire: Wire, repository: string, digest: string): Promise<boolean> {
  const answer = await wire.send('HEAD', `/v2/${repository}/blobs/${digest}`);
  return expectStatus(`HEAD blob ${digest}`, answer, 200, 404).status === 200;
}

/** Pushes one blob and answers when the registry has acknowledged it. @throws UnexpectedAnswer */
export async function pushBlob(
  wire: Wire,
  repository: string,
  blob: Content,
  manner: Manner = 'post-put',
): Promise<void> {
  const uploads = `/v2/${repository}/blobs/uploads/`;
  if (manner === 'post-only') {
    const whole = await wire.send('POST', `${uploads}?digest=${blob.digest}`, { headers: OCTETS, body: blob.bytes });
    if (expectStatus(`POST ${uploads}?digest`, whole, 201, 202).status === 201) return;
  }
  const opened = expectStatus(`POST ${uploads}`, await wire.send('POST', uploads), 202);
  let location = headerOf(opened, 'Location');
  if (manner === 'patch-put') location = headerOf(await patch(wire, location, blob.bytes), 'Location');
  if (manner === 'chunks') location = await pushChunks(wire, location, blob.bytes);
  const rest = manner === 'patch-put' || manner === 'chunks' ? {} : { headers: OCTETS, body: blob.bytes };
  expectStatus(
    `PUT blob ${blob.digest} (${manner})`,
    await wire.send('PUT', withDigest(location, blob.digest), rest),
    201,
  );
}

/** Asks for a blob of another repository; `false` when it has to be pushed. @throws UnexpectedAnswer */
export async function mountBlob(wire: Wire, repository: string, digest: string, from: string): Promise<boolean> {
  const query = new URLSearchParams({ mount: digest, from });
  const answer = await wire.send('POST', `/v2/${repository}/blobs/uploads/?${query.toString()}`);
  return expectStatus(`mount ${digest} of ${from}`, answer, 201, 202).status === 201;
}

async function patch(wire: Wire, location: string, body: Uint8Array, range?: string): Promise<Answer> {
  const headers = range === undefined ? OCTETS : { ...OCTETS, 'Content-Range': range };
  return expectStatus('PATCH upload', await wire.send('PATCH', location, { headers, body }), 202);
}

async function pushChunks(wire: Wire, first: string, bytes: Buffer): Promise<string> {
  let location = first;
  const step = Math.ceil(bytes.length / 3);
  for (let start = 0; start < bytes.length; start += step) {
    const end = Math.min(start + step, bytes.length);
    location = headerOf(await patch(wire, location, bytes.subarray(start, end), `${start}-${end - 1}`), 'Location');
  }
  return location;
}

export function withDigest(location: string, digest: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
}

/** Puts a manifest under `reference`. The blobs it names must be there. @throws UnexpectedAnswer */
export async function putManifest(
  wire: Wire,
  repository: string,
  pushed: Image,
  reference: string = pushed.digest,
): Promise<void> {
  const sent = { headers: { 'Content-Type': pushed.mediaType }, body: pushed.bytes };
  const answer = await wire.send('PUT', `/v2/${repository}/manifests/${reference}`, sent);
  expectStatus(`PUT manifest ${repository}:${reference}`, answer, 201);
}

export async function pushImage(wire: Wire, repository: string, pushed: Image, reference?: string): Promise<void> {
  for (const blob of pushed.blobs) await pushBlob(wire, repository, blob);
  await putManifest(wire, repository, pushed, reference);
}
