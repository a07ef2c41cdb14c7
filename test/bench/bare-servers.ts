import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { toolFile } from '../clients/tool.js';
import { checkoutFolder } from '../harness/checkout.js';
import { freePorts } from '../harness/service.js';
import type { BareBodies } from './baseline-bodies.js';
import type { Pattern } from './pattern.js';
import { startProgram, type Peer } from './peers.js';

/** A server of this bench that answers from memory: the least that answering costs in Node. */
export async function startBare(script: 'http' | 'express', bodies: BareBodies, folder: string): Promise<Peer> {
  const [port = 0] = await freePorts(1);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'manifest'), bodies.manifest);
  writeFileSync(join(folder, 'blob'), bodies.blob);
  const file = join(checkoutFolder(), 'test/dist/bench', `baseline-${script}.js`);
  return startProgram(script, { command: process.execPath, args: [file, String(port), folder], folder, port });
}

/** One worker of nginx that sends what lies in `folder`/files by sendfile: what the kernel can give. */
export async function startNginx(folder: string): Promise<Peer> {
  const [port = 0] = await freePorts(1);
  mkdirSync(join(folder, 'files'), { recursive: true });
  writeFileSync(join(folder, 'files', 'ready'), 'ready\n');
  const config = join(folder, 'nginx.conf');
  writeFileSync(config, nginxConfig(folder, port));
  return startProgram('nginx', {
    command: toolFile('nginx'),
    args: ['-p', folder, '-c', config],
    folder,
    port,
    ready: '/ready',
  });
}

/** The file that nginx in `folder` has to have, so that it answers a GET of the blob as a registry does. */
export async function plantBlob(folder: string, repository: string, pattern: Pattern): Promise<void> {
  const file = join(folder, 'files/v2', repository, 'blobs', pattern.digest);
  mkdirSync(dirname(file), { recursive: true });
  await pipeline(Readable.from(pattern.chunks()), createWriteStream(file));
}

function nginxConfig(folder: string, port: number): string {
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `${user} daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 256; }
http {
  access_log off; sendfile on; tcp_nopush on; default_type application/octet-stream;
  ${kinds.map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')}
  server { listen 127.0.0.1:${port}; root ${folder}/files; }
}
`;
}
