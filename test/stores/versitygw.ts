import { bringServer } from './bring.js';
import { S3_CREDENTIALS, S3Server, type Setting } from './s3-server.js';

export interface VersitygwOptions {
  /** A connection serves many requests, as it does at S3; by default it ends after one. */
  readonly keepAlive?: boolean;
}

/** versitygw on a folder of its own in `parent`, brought where it is missing. @throws Error when it cannot be had, or does not serve in time */
export async function startVersitygw(parent?: string, { keepAlive = false }: VersitygwOptions = {}): Promise<S3Server> {
  const command = await bringServer('versitygw');
  const { accessKeyId, secretAccessKey } = S3_CREDENTIALS;
  const keys = ['--access', accessKeyId, '--secret', secretAccessKey];
  const options = [...keys, ...(keepAlive ? ['--keep-alive'] : []), '--quiet'];
  const launch = ({ port, data }: Setting) => {
    return { command, args: ['--port', `127.0.0.1:${port}`, ...options, 'posix', data] };
  };
  return S3Server.start('versitygw', launch, parent);
}
