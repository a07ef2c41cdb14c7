import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AzureCredentials } from '@atoll/storage-azure';
import { BlobServiceClient, ContainerSASPermissions, StorageSharedKeyCredential } from '@azure/storage-blob';
import { bringTools } from '../clients/install.js';
import { toolFile } from '../clients/tool.js';
import type { ServerCertificate } from '../harness/authority.js';
import { eventually, freePorts, Service } from '../harness/service.js';

/** The account every emulator of Azure Storage has, and its key, which Microsoft publishes. */
export const AZURITE_ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';

export const AZURITE_CREDENTIALS: readonly AzureCredentials[] = [{ account: AZURITE_ACCOUNT, key: KEY }];
/** Containers that are there: a region's, and that of a peer. */
const AZURITE_CONTAINERS = ['registry', 'peer'] as const;

export interface AzuritePlace {
  readonly container?: (typeof AZURITE_CONTAINERS)[number];
  /** Of what stands in between, where something does. */
  readonly origin?: URL;
}

/** Serves https, and knows the tokens of identities. */
export interface Tls {
  readonly certificate: ServerCertificate;
  /** The text of the certificate to trust. */
  readonly ca: string;
}

const OPTIONS = ['--skipApiVersionCheck', '--disableTelemetry', '--silent'];

function tlsOptions({ certFile, keyFile }: ServerCertificate): string[] {
  return ['--cert', certFile, '--key', keyFile, '--oauth', 'basic'];
}

export interface AzuriteOptions {
  /** What does not fit into memory; it is gone with the server all the same. */
  readonly onDisk?: boolean;
}

/** A real server of Azure Blob Storage's protocol. */
export class Azurite {
  private constructor(
    private readonly service: Service,
    private readonly folder: string,
    readonly origin: URL,
    private readonly tls: Tls | undefined,
  ) {}

  /** Brings the program where it is missing. @throws Error when it cannot be had, or does not serve in time */
  static async start(tls?: Tls, { onDisk = false }: AzuriteOptions = {}): Promise<Azurite> {
    await bringTools(['azurite-blob'], (line) => process.stderr.write(`${line}\n`));
    const program = toolFile('azurite-blob');
    const [port = 0] = await freePorts(1);
    const folder = mkdtempSync(join(tmpdir(), 'atoll-azurite-'));
    const address = ['--blobHost', '127.0.0.1', '--blobPort', String(port)];
    const service = new Service({
      command: process.execPath,
      // It takes tokens over https only. The SDK speaks a newer version of the protocol than the emulator knows by name.
      args: [
        program,
        ...address,
        ...OPTIONS,
        ...(onDisk ? [] : ['--inMemoryPersistence']),
        ...(tls ? tlsOptions(tls.certificate) : []),
      ],
      cwd: folder,
      logFile: join(folder, 'azurite.log'),
    });
    const server = new Azurite(service, folder, new URL(`${tls ? 'https' : 'http'}://127.0.0.1:${port}`), tls);
    await server.#serving();
    return server;
  }

  /** Where a region's objects are below `prefix`. */
  url(prefix: string, { container = 'registry', origin = this.origin }: AzuritePlace = {}): string {
    return `az://${AZURITE_ACCOUNT}/${container}/${prefix}?endpoint=${origin.origin}/${AZURITE_ACCOUNT}`;
  }

  /** What makes a process of ours use this server. */
  get environment(): NodeJS.ProcessEnv {
    return { AZURE_STORAGE_ACCOUNT: AZURITE_ACCOUNT, AZURE_STORAGE_KEY: KEY };
  }

  /** A connection string that holds a signature for a container, with these permissions and no other. */
  async signature(permissions: string, expiresOn: Date, container: string = AZURITE_CONTAINERS[0]): Promise<string> {
    const options = { permissions: ContainerSASPermissions.parse(permissions), expiresOn };
    const url = await this.#client.getContainerClient(container).generateSasUrl(options);
    return `BlobEndpoint=${this.origin.origin}/${AZURITE_ACCOUNT};SharedAccessSignature=${new URL(url).search.slice(1)}`;
  }

  /** What was staged for a blob and is not committed. */
  async uncommittedBytes(name: string, container: string = AZURITE_CONTAINERS[0]): Promise<number> {
    const blob = this.#client.getContainerClient(container).getBlockBlobClient(name);
    const list = await blob.getBlockList('uncommitted').catch(() => undefined);
    return (list?.uncommittedBlocks ?? []).reduce((sum, { size }) => sum + size, 0);
  }

  get #client(): BlobServiceClient {
    const credential = new StorageSharedKeyCredential(AZURITE_ACCOUNT, KEY);
    const options = { retryOptions: { maxTries: 1 }, ...(this.tls && { tlsOptions: { ca: this.tls.ca } }) };
    return new BlobServiceClient(`${this.origin.origin}/${AZURITE_ACCOUNT}`, credential, options);
  }

  async stop(): Promise<void> {
    await this.service.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #serving(): Promise<void> {
    const client = this.#client;
    try {
      await eventually(
        async () => {
          if (!this.service.running) return false;
          for (const name of AZURITE_CONTAINERS) await client.getContainerClient(name).createIfNotExists();
          return true;
        },
        { timeoutMs: 60_000, everyMs: 200, what: 'Azurite to serve' },
      );
      if (!this.service.running) throw new Error('it ended at its start');
    } catch (cause) {
      const said = this.service.tail();
      await this.stop();
      throw new Error(`Azurite does not serve: ${said}`, { cause });
    }
  }
}
