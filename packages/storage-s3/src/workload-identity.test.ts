import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FAKE_ROLE, FakeIdentity } from './testing/fake-identity.js';
import { FakeS3 } from './testing/fake-s3.js';
import { S3Store } from './s3-store.js';

const asked = { ttlSeconds: 1_800, contentType: 'text/plain' };

const before = process.env;
let folder: string;
let identity: FakeIdentity;
let fake: FakeS3;
let store: S3Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-s3-identity-'));
  identity = await FakeIdentity.start();
  fake = await FakeS3.start();
  writeFileSync(join(folder, 'token'), identity.token);
});
afterEach(async () => {
  process.env = before;
  await store.close();
  await fake.stop();
  await identity.stop();
  rmSync(folder, { recursive: true });
});

/** What IRSA and what Pod Identity sets in a pod of EKS. */
const PODS: readonly [string, () => NodeJS.ProcessEnv][] = [
  [
    'a web identity token',
    () => ({
      AWS_ROLE_ARN: FAKE_ROLE,
      AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'),
      AWS_ENDPOINT_URL_STS: identity.url,
    }),
  ],
  [
    "a container's credentials",
    () => ({
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${identity.url}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder, 'token'),
    }),
  ],
];

describe.each(PODS)('a pod with %s', (_, environment) => {
  function open(...lifeMinutes: number[]): void {
    identity.lifeMinutes = lifeMinutes;
    const others = Object.entries(before).filter(([name]) => !name.startsWith('AWS_'));
    const files = { AWS_CONFIG_FILE: join(folder, 'none'), AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none') };
    process.env = { ...Object.fromEntries(others), ...files, AWS_EC2_METADATA_DISABLED: 'true', ...environment() };
    store = new S3Store({ url: fake.url('bucket'), retries: { firstPauseMs: 1, maxPauseMs: 4 } });
  }

  function signed(url: string | undefined): { seconds: number; session: string | null } {
    const query = new URL(url ?? '').searchParams;
    return { seconds: Number(query.get('X-Amz-Expires')), session: query.get('X-Amz-Security-Token') };
  }

  test('needs no other key, and asks for credentials once', async () => {
    open(60);
    await store.put('x/a', Buffer.from('hello'), { ifAbsent: true });
    expect((await store.get('x/a'))?.body.toString()).toBe('hello');
    const url = (await store.presignGet('x/a', asked)) ?? '';
    expect(await (await fetch(url)).text()).toBe('hello');
    expect(signed(url)).toEqual({ seconds: 1_800, session: 'session-1' });
    expect(identity.given).toBe(1);
  });

  test('asks for others before the first ones end, with the token that the file then holds', async () => {
    open(4, 60);
    await store.put('x/a', Buffer.from('hello'), { blind: true });
    identity.token = 'signed-later';
    writeFileSync(join(folder, 'token'), identity.token);
    for (let n = 0; n < 200 && identity.given < 2; n++) {
      await store.head('x/a');
      await sleep(10);
    }
    expect(identity.given).toBe(2);
    await store.head('x/a');
    expect(signed(await store.presignGet('x/a', asked))).toEqual({ seconds: 1_800, session: 'session-2' });
    expect(identity.given).toBe(2);
  });

  test('signs no URL that outlives its credentials', async () => {
    open(10, 20);
    const { seconds, session } = signed(await store.presignGet('x/a', asked));
    // Others were asked for at once, and they live too short as well.
    expect(session).toBe('session-2');
    expect(seconds).toBeGreaterThan(1_190);
    expect(seconds).toBeLessThanOrEqual(1_200);
  });

  test('is denied where its token is that of another cluster', async () => {
    open(60);
    writeFileSync(join(folder, 'token'), 'signed-by-another-cluster');
    await expect(store.head('x/a')).rejects.toMatchObject({ kind: 'denied' });
    expect(identity.given).toBe(0);
  }, 30_000);
});
