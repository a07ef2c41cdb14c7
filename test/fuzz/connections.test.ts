import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Served } from '../harness/atoll.js';
import { pushBlob } from '../harness/push.js';
import { eventually } from '../harness/service.js';
import { Wire } from '../harness/wire.js';
import { startRegion } from './fuzz.js';
import { leftovers } from './leftovers.js';
import { newDescriptors, processState, type ProcessState } from './process-watch.js';
import { sha256 } from './world.js';

const MEBIBYTE = 2 ** 20;
const idle = Math.min(5000, Math.floor(openFilesLimit() / 2));

let folder: string;
let served: Served;
let wire: Wire;
const sockets: Socket[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atoll-connections-'));
  served = await startRegion(folder);
  wire = new Wire(served.wire.url);
}, 60_000);
afterAll(async () => {
  wire.close();
  expect(await served.service.stop()).toBe(0);
  expect(await leftovers(join(folder, 'data'))).toEqual([]);
  await rm(folder, { recursive: true });
}, 60_000);

/** Node raises its own limit to the most it may have, and so does the process under test. */
function openFilesLimit(): number {
  if (!existsSync('/proc/self/limits')) return 1024;
  return Number(/^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 1024);
}

/** Where nobody tells what a process holds, only its answers are looked at. */
function state(): ProcessState {
  expect(served.service.running).toBe(true);
  return processState(served.service.pid) ?? { descriptors: [], residentBytes: 0 };
}

async function open(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(wire.url).port) });
  socket.on('error', () => undefined);
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

/** The process gives everything back. */
async function closeAll(before: ProcessState): Promise<void> {
  for (const socket of sockets.splice(0)) socket.destroy();
  wire.close();
  await eventually(async () => newDescriptors(before, state()).length === 0 || undefined, {
    timeoutMs: 20_000,
    what: 'the descriptors to be closed',
  });
}

describe.each([
  ['that say nothing', ''],
  ['that stop in a head', 'GET /v2/ HTTP/1.1\r\nHost: r\r\nX-Slow: '],
  ['that asked once', 'GET /v2/ HTTP/1.1\r\nHost: r\r\n\r\n'],
])(`${idle} connections %s`, (_what, said) => {
  test('keep nobody else from being served, and cost little memory', async () => {
    wire.close();
    const before = state();
    for (let at = 0; at < idle; at += 100) await Promise.all(Array.from({ length: 100 }, () => open()));
    for (const socket of sockets) socket.resume().write(said);
    for (let at = 0; at < 20; at++) expect((await wire.send('GET', '/v2/_catalog')).status).toBe(200);
    expect((state().residentBytes - before.residentBytes) / idle).toBeLessThan(40_000);
    await closeAll(before);
  }, 120_000);
});

test('readers that ask for much and read nothing hold one answer each, and others are served', async () => {
  const bytes = Buffer.alloc(8 * MEBIBYTE, 'layer');
  await pushBlob(wire, 'slow', { bytes, digest: sha256(bytes) }, 'post-only');
  wire.close();
  const before = state();
  for (let at = 0; at < 20; at++) {
    const socket = await open();
    socket.pause();
    socket.write(`GET /v2/slow/blobs/${sha256(bytes)} HTTP/1.1\r\nHost: r\r\n\r\n`.repeat(500));
  }
  for (let at = 0; at < 20; at++) expect((await wire.send('GET', '/v2/_catalog')).status).toBe(200);
  // Per connection a socket and a file, and what the requests of others need.
  expect(state().descriptors.length - before.descriptors.length).toBeLessThan(60);
  expect(state().residentBytes - before.residentBytes).toBeLessThan(200 * MEBIBYTE);
  await closeAll(before);
}, 60_000);

test('uploads that are opened and left cost nothing on disk', async () => {
  for (let at = 0; at < 2000; at += 50) {
    const asked = Array.from({ length: 50 }, () => wire.send('POST', '/v2/many/blobs/uploads/'));
    for (const { status } of await Promise.all(asked)) expect(status).toBe(202);
  }
  expect(await leftovers(join(folder, 'data'))).toEqual([]);
}, 60_000);
