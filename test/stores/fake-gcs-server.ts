import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bringTools } from '../clients/install.js';
import { toolFile } from '../clients/tool.js';
import { eventually, freePorts, Service } from '../harness/service.js';

/** A server of Cloud Storage's JSON interface that is not ours. It keeps everything in memory and asks for no token. */
export class FakeGcsServer {
  private constructor(
    private readonly service: Service,
    private readonly folder: string,
    readonly endpoint: string,
  ) {}

  /** Brings the program where it is missing. @throws Error when it cannot be had, or does not serve in time */
  static async start(): Promise<FakeGcsServer> {
    await bringTools(['fake-gcs-server'], (line) => process.stderr.write(`${line}\n`));
    const [port = 0] = await freePorts(1);
    const folder = mkdtempSync(join(tmpdir(), 'atoll-fake-gcs-server-'));
    const endpoint = `http://127.0.0.1:${port}`;
    const address = ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port)];
    const names = ['-external-url', endpoint, '-public-host', `127.0.0.1:${port}`];
    const service = new Service({
      command: toolFile('fake-gcs-server'),
      // On a folder, it would take a key for a folder of another.
      args: [...address, ...names, '-backend', 'memory', '-log-level', 'error'],
      cwd: folder,
      logFile: join(folder, 'fake-gcs-server.log'),
    });
    const server = new FakeGcsServer(service, folder, endpoint);
    await server.#serving();
    return server;
  }

  /** The URL of a new bucket. */
  async makeBucket(name: string): Promise<string> {
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST', headers, body: JSON.stringify({ name }) };
    const answer = await fetch(`${this.endpoint}/storage/v1/b?project=test`, request);
    if (!answer.ok) throw new Error(`the bucket ${name} could not be made: HTTP ${answer.status}`);
    return `gs://${name}?endpoint=${this.endpoint}`;
  }

  async stop(): Promise<void> {
    await this.service.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #serving(): Promise<void> {
    try {
      await eventually(
        async () => ((await fetch(`${this.endpoint}/storage/v1/b?project=test`)).ok ? true : undefined),
        {
          timeoutMs: 30_000,
          what: 'fake-gcs-server to serve',
        },
      );
    } catch (cause) {
      const said = this.service.tail();
      await this.stop();
      throw new Error(`fake-gcs-server does not serve: ${said}`, { cause });
    }
  }
}
