import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toolFile } from '../clients/tool.js';
import { checkoutFolder } from '../harness/checkout.js';
import { freePorts } from '../harness/service.js';
import type { BareBodies } from './baseline-bodies.js';
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
