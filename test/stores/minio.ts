import { freePorts } from '../harness/service.js';
import { bringServer } from './bring.js';
import { S3_CREDENTIALS, S3Server } from './s3-server.js';

/** MinIO on a folder of its own, brought where it is missing. @throws Error when it cannot be had, or does not serve in time */
export async function startMinio(): Promise<S3Server> {
  const command = await bringServer('minio');
  const [consolePort = 0] = await freePorts(1);
  return S3Server.start('minio', ({ port, data, folder }) => ({
    command,
    args: [
      ...['server', '--quiet', '--address', `127.0.0.1:${port}`],
      ...['--console-address', `127.0.0.1:${consolePort}`, data],
    ],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      MINIO_ROOT_USER: S3_CREDENTIALS.accessKeyId,
      MINIO_ROOT_PASSWORD: S3_CREDENTIALS.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
      // It refuses a folder on the disk of the system otherwise.
      CI: 'true',
      MINIO_CI_CD: '1',
    },
  }));
}
