import { describe, expect, test } from '@jest/globals';
import { expectMounted, expectUpload, mount } from './mounts.js';
import { registryUnderTest, URL_OF_ANOTHER } from './registry-under-test.js';
import { randomBlob } from './samples.js';

/** A registry may look for a blob whose mount names no source, or not. One that runs already does as whoever runs it says. */
const SETTINGS =
  URL_OF_ANOTHER === undefined ? ['off', 'on'] : [process.env['ATOLL_CONFORMANCE_AUTOMATIC_MOUNT'] ?? 'off'];

describe.each(SETTINGS)('a mount without a source, with automatic mount %s', (setting) => {
  const registry = registryUnderTest({ ATOLL_AUTOMATIC_MOUNT: setting });

  test('of what another repository has', async () => {
    const [source, target] = [registry.repository(), registry.repository()];
    const blob = await source.pushBytes(randomBlob().bytes);
    const answer = await mount(target, `mount=${blob.digest}`);
    if (setting === 'on') return expectMounted(target, answer, blob);
    await expectUpload(target, answer);
    expect((await target.send('HEAD', `blobs/${blob.digest}`)).status).toBe(404);
  });

  test('of what came to the other repository by a mount too', async () => {
    const [source, between, target] = [registry.repository(), registry.repository(), registry.repository()];
    const blob = await source.pushBytes(randomBlob().bytes);
    await mount(between, `mount=${blob.digest}&from=${source.name}`);
    const answer = await mount(target, `mount=${blob.digest}`);
    await (setting === 'on' ? expectMounted(target, answer, blob) : expectUpload(target, answer));
  });

  test('of what no repository has any more is an upload, and brings nothing back', async () => {
    const [source, target] = [registry.repository(), registry.repository()];
    const { digest } = await source.pushBytes(randomBlob().bytes);
    await source.send('DELETE', `blobs/${digest}`);
    for (let time = 0; time < 2; time++) {
      await expectUpload(target, await mount(target, `mount=${digest}`));
      expect((await target.send('HEAD', `blobs/${digest}`)).status).toBe(404);
    }
  });

  test('of what nobody ever had is an upload', async () => {
    const target = registry.repository();
    await expectUpload(target, await mount(target, `mount=${randomBlob().digest}`));
    await expectUpload(target, await mount(target, 'mount=sha256:abc'));
  });
});
