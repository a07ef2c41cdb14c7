import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { OnReadOpts } from 'node:net';
import type { Duplex } from 'node:stream';

/** The names by which proxies are told: HTTPS_PROXY, HTTP_PROXY, NO_PROXY. */
export type ProxyNames = NonNullable<AgentOptions['proxyEnv']>;

const CONNECTIONS = { keepAlive: true, maxSockets: 512, maxFreeSockets: 128, noDelay: true };

/** What one read of a socket takes at most. */
const READ_BYTES = 65_536;

type Connected = (cause: Error | null, socket: Duplex) => void;
type Connect = (options: object, connected?: Connected) => Duplex | null | undefined;

/** Connections to the server of a bucket, which are used again. */
export function createBucketAgent(protocol: 'http:', proxies?: ProxyNames): HttpAgent;
export function createBucketAgent(protocol: 'https:', proxies?: ProxyNames): HttpsAgent;
export function createBucketAgent(protocol: string, proxies?: ProxyNames): HttpAgent | HttpsAgent;
export function createBucketAgent(protocol: string, proxies: ProxyNames = {}): HttpAgent | HttpsAgent {
  const options = { ...CONNECTIONS, proxyEnv: proxies };
  const agent = protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  // A tunnel through a proxy is opened by reading the socket in the usual way.
  if (Object.values(proxies).every((value) => value === undefined)) readIntoOneBuffer(agent);
  return agent;
}

/**
 * Sockets take memory for each read, which the HTTP parser copies from and then leaves to the collector: for large bodies that costs
 * more than all the rest. The parser is done with the bytes before the next read, so all sockets can be read into one buffer.
 */
function readIntoOneBuffer(agent: HttpAgent): void {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const connect: Connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, connected) => {
    const callback: OnReadOpts['callback'] = (sizeBytes) => {
      socket?.emit('data', buffer.subarray(0, sizeBytes));
      return true;
    };
    const socket = connect({ ...options, onread: { buffer, callback } }, connected);
    return socket;
  };
}
