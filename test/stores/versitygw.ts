import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toolFile } from '../clients/tool.js';
import { eventually, freePorts, Service } from '../harness/service.js';

export const VERSITYGW_CREDENTIALS = { accessKeyId: 'testkey', secretAccessKey: 'testsecret123' };

/** A real S3 server on a folder of its own. */
export class Versitygw {
  private constructor(
    private readonly service: Service,
    private readonly folder: string,
    readonly endpoint: string,
  ) {}

  /** @param parent where its folder is made @throws Error when the program is not here, or does not serve in time */
  static async start(parent = tmpdir()): Promise<Versitygw> {
    const program = toolFile('versitygw');
    const [port = 0] = await freePorts(1);
    const folder = mkdtempSync(join(parent, 'atoll-versitygw-'));
    const data = join(folder, 'data');
    mkdirSync(data);
    const { accessKeyId, secretAccessKey } = VERSITYGW_CREDENTIALS;
    const address = ['--port', `127.0.0.1:${port}`, '--health', '/healthz'];
    const service = new Service({
      command: program,
      args: [...address, '--access', accessKeyId, '--secret', secretAccessKey, '--quiet', 'posix', data],
      cwd: folder,
      logFile: join(folder, 'versitygw.log'),
    });
    const server = new Versitygw(service, folder, `http://127.0.0.1:${port}`);
    await server.#serving();
    return server;
  }

  /** The URL of a new bucket. */
  makeBucket(name: string): string {
    mkdirSync(join(this.folder, 'data', name));
    return `s3://${name}?endpoint=${this.endpoint}`;
  }

  async stop(): Promise<void> {
    await this.service.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #serving(): Promise<void> {
    try {
      await eventually(async () => ((await fetch(`${this.endpoint}/healthz`)).ok ? true : undefined), {
        timeoutMs: 30_000,
        what: 'versitygw to serve',
      });
    } catch (cause) {
      const said = this.service.tail();
      await this.stop();
      throw new Error(`versitygw does not serve: ${said}`, { cause });
    }
  }
}
