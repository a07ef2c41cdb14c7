import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toolFile } from '../clients/tool.js';
import { Azurite } from './azurite.js';
import { bringServer } from './bring.js';
import { S3_CREDENTIALS, S3Server } from './s3-server.js';

/** S3Proxy, which keeps its objects in an Azurite of its own: other code than the servers in Go, and versions that never repeat. */
export class S3Proxy {
  private constructor(
    private readonly azurite: Azurite,
    private readonly server: S3Server,
  ) {}

  /** Brings what is missing. @throws Error when it cannot be had, or does not serve in time */
  static async start(): Promise<S3Proxy> {
    const lib = dirname(await bringServer('s3proxy', 'java'));
    const azurite = await Azurite.start();
    try {
      return new S3Proxy(azurite, await startOver(azurite, lib));
    } catch (cause) {
      await azurite.stop();
      throw cause;
    }
  }

  place(name: string): string {
    return this.server.place(name);
  }

  get environment(): NodeJS.ProcessEnv {
    return this.server.environment;
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await this.azurite.stop();
  }
}

function startOver({ origin, environment }: Azurite, lib: string): Promise<S3Server> {
  const { AZURE_STORAGE_ACCOUNT: account, AZURE_STORAGE_KEY: key } = environment;
  return S3Server.start('s3proxy', ({ port, folder }) => {
    const settings = {
      's3proxy.authorization': 'aws-v4',
      's3proxy.endpoint': `http://127.0.0.1:${port}`,
      's3proxy.identity': S3_CREDENTIALS.accessKeyId,
      's3proxy.credential': S3_CREDENTIALS.secretAccessKey,
      'jclouds.provider': 'azureblob-sdk',
      'jclouds.identity': account,
      'jclouds.credential': key,
      'jclouds.endpoint': `${origin.origin}/${account}`,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(folder, 's3proxy.conf'), lines.join(''));
    writeFileSync(join(folder, 'logback.xml'), '<configuration><root level="WARN"/></configuration>');
    const log = '-Dlogback.configurationFile=logback.xml';
    const main = ['org.gaul.s3proxy.Main', '--properties', 's3proxy.conf'];
    return { command: toolFile('java'), args: ['-Xmx512m', log, '-cp', join(lib, '*'), ...main] };
  });
}
