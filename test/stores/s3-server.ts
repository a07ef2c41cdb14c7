import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BucketAlreadyOwnedByYou, CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { eventually, freePorts, Service } from '../harness/service.js';

export const S3_CREDENTIALS = { accessKeyId: 'testkey', secretAccessKey: 'testsecret123' };
const BUCKET = 'registry';

/** What is known of a server when its command is made. */
export interface Setting {
  readonly port: number;
  /** Empty, for its data. */
  readonly data: string;
  /** Its working folder. */
  readonly folder: string;
}

interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

/** A real S3 server with one bucket, in which every place is a prefix. */
export class S3Server {
  private constructor(
    private readonly service: Service,
    private readonly folder: string,
    readonly endpoint: string,
  ) {}

  /** @param parent where its folder is made @throws Error when the server does not serve in time */
  static async start(name: string, launch: (setting: Setting) => Launch, parent = tmpdir()): Promise<S3Server> {
    const [port = 0] = await freePorts(1);
    const folder = mkdtempSync(join(parent, `atoll-${name}-`));
    const data = join(folder, 'data');
    mkdirSync(data);
    const command = launch({ port, data, folder });
    const service = new Service({ ...command, cwd: folder, logFile: join(folder, `${name}.log`) });
    const server = new S3Server(service, folder, `http://127.0.0.1:${port}`);
    await server.#serving(name);
    return server;
  }

  /** The URL of what is below a prefix of that name. */
  place(name: string): string {
    return `s3://${BUCKET}/${name}?endpoint=${this.endpoint}`;
  }

  /** Makes a bucket, where there is none of that name, and answers its URL. */
  async makeBucket(name: string): Promise<string> {
    const login = { credentials: S3_CREDENTIALS, region: 'us-east-1', forcePathStyle: true, maxAttempts: 1 };
    const client = new S3Client({ ...login, endpoint: this.endpoint });
    try {
      await client.send(new CreateBucketCommand({ Bucket: name }));
    } catch (cause) {
      if (!(cause instanceof BucketAlreadyOwnedByYou)) throw cause;
    } finally {
      client.destroy();
    }
    return `s3://${name}?endpoint=${this.endpoint}`;
  }

  /** What makes a process of ours use this server. */
  get environment(): NodeJS.ProcessEnv {
    return {
      AWS_ACCESS_KEY_ID: S3_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: S3_CREDENTIALS.secretAccessKey,
    };
  }

  async stop(): Promise<void> {
    await this.service.stop(5_000);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #serving(name: string): Promise<void> {
    const { service } = this;
    const made = async (): Promise<boolean> => {
      if (!service.running) return false;
      await this.makeBucket(BUCKET);
      return true;
    };
    try {
      const serves = await eventually(made, { timeoutMs: 60_000, everyMs: 200, what: `${name} to serve` });
      if (!serves) throw new Error('it ended at its start');
    } catch (cause) {
      const said = service.tail();
      await this.stop();
      throw new Error(`${name} does not serve: ${said}`, { cause });
    }
  }
}
