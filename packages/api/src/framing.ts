import type { IncomingMessage } from 'node:http';
import { RegistryError } from '@atoll/core';

// RFC 3986, 3.2: a name or an address, and perhaps a port. It is never used here; a proxy in front may choose by it.
const HOST = /^(?:[\w.~%!$&'()*+,;=-]*|\[[\w.:%~-]+\])(?::[0-9]*)?$/;

/**
 * Refuses what Node's parser takes and another server in front may read otherwise: where two readers disagree about where a request
 * ends, the second request of one is the body of the other. After this no other request of the connection can be trusted.
 * @throws RegistryError UNSUPPORTED, 400
 */
export function refuseFraming({ httpVersion, headers }: Pick<IncomingMessage, 'httpVersion' | 'headers'>): void {
  const { host, 'transfer-encoding': coding, 'content-length': length } = headers;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') throw refused('the versions of HTTP spoken here are 1.0 and 1.1');
  // RFC 9112, 3.2.
  if (host === undefined ? httpVersion === '1.1' : !HOST.test(host)) {
    throw refused('a request tells the host it is meant for: Host: <name>[:<port>]');
  }
  // RFC 9112, 6.1: what another coding wraps would be stored as it is, wrapped.
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
    throw refused('the only transfer coding known here is chunked, once');
  }
  if (length !== undefined && !Number.isSafeInteger(Number(length))) throw refused('no body has this Content-Length');
}

function refused(message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', message, { status: 400 });
}
