import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a bare server answers: the same types and bytes as a registry, from memory, whatever the name. */
export interface BareBodies {
  readonly manifest: Buffer;
  readonly blob: Buffer;
}

export interface BareAnswer {
  readonly type: string;
  readonly body: Buffer;
}

export function readBodies(folder: string): (path: string) => BareAnswer {
  const manifest = { type: 'application/vnd.oci.image.manifest.v1+json', body: readFileSync(join(folder, 'manifest')) };
  const blob = { type: 'application/octet-stream', body: readFileSync(join(folder, 'blob')) };
  const ping = { type: 'application/json', body: Buffer.from('{}') };
  return (path) => (path === '/v2/' ? ping : path.includes('/blobs/') ? blob : manifest);
}
