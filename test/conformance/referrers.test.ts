import { beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { jsonOf, nextPage, valuesOf, verdict } from './answers.js';
import { registryUnderTest } from './registry-under-test.js';
import type { Repository } from './repository.js';
import {
  artifactOf,
  CONFIG_TYPE,
  contentOf,
  descriptorOf,
  EMPTY_BLOB,
  EMPTY_TYPE,
  imageOf,
  indexOf,
  OCI_IMAGE,
  OCI_INDEX,
  randomDigest,
  type Manifest,
} from './samples.js';

const registry = registryUnderTest();
const SIGNATURE = 'application/vnd.example.signature+json';
const SBOM = 'application/vnd.example.sbom.v1+json';
const Referrers = z.strictObject({
  schemaVersion: z.literal(2),
  mediaType: z.literal(OCI_INDEX),
  manifests: z.array(z.record(z.string(), z.unknown())),
});

async function referrersOf(repository: Repository, digest: string, query = ''): Promise<Record<string, unknown>[]> {
  const answer = await repository.send('GET', `referrers/${digest}${query}`);
  expect(answer.status).toBe(200);
  expect(valuesOf(answer, 'Content-Type')).toEqual([OCI_INDEX]);
  expect(answer.headers['content-length']).toBe(String(answer.body.length));
  return Referrers.parse(jsonOf(answer)).manifests;
}

/** The digests a list names, in no order. */
async function digestsOf(repository: Repository, digest: string, query = ''): Promise<unknown[]> {
  return (await referrersOf(repository, digest, query)).map((row) => row['digest']).sort();
}

function sorted(...manifests: readonly Manifest[]): string[] {
  return manifests.map(({ digest }) => digest).sort();
}

describe('a list of referrers is always there (distribution-spec, Listing Referrers)', () => {
  test.each([
    ['a repository that is not there', randomDigest()],
    ['a sha512 subject in a repository that is not there', randomDigest('sha512')],
    ['a digest of 64 zeros, as oras asks', `sha256:${'0'.repeat(64)}`],
  ])('%s has an empty one', async (_what, digest) => {
    expect(await referrersOf(registry.repository(), digest)).toEqual([]);
  });

  test('a subject without referrers, and one that is no manifest, have an empty one', async () => {
    const repository = registry.repository();
    const image = imageOf();
    await repository.push(image);
    for (const digest of [image.digest, image.blobs[0]?.digest ?? '', randomDigest()]) {
      expect(await referrersOf(repository, digest)).toEqual([]);
    }
  });

  test.each(['latest', 'sha256:x', `sha256:${'A'.repeat(64)}`, `md5:${'a'.repeat(32)}`])(
    '%.10s is 400 DIGEST_INVALID',
    async (digest) => {
      expect(verdict(await registry.repository().send('GET', `referrers/${digest}`))).toBe('400 DIGEST_INVALID');
    },
  );

  test('HEAD answers what GET does, without the body', async () => {
    const repository = registry.repository();
    const [get, head] = [
      await repository.send('GET', `referrers/${randomDigest()}`),
      await repository.send('HEAD', `referrers/${randomDigest()}`),
    ];
    expect([head.status, head.headers['content-type'], head.body.length]).toEqual([200, OCI_INDEX, 0]);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
  });

  test('a Range, and parameters that mean nothing here, change nothing', async () => {
    const answer = await registry
      .repository()
      .send('GET', `referrers/${randomDigest()}?n=1&ns=docker.io`, { headers: { Range: 'bytes=0-' } });
    expect([answer.status, answer.headers.link]).toEqual([200, undefined]);
  });
});

describe('the rows of a list', () => {
  let repository: Repository;
  const subject = imageOf();
  const annotations = { 'org.example.a': '1', 'org.example.ü': '値' };
  const early = artifactOf(SIGNATURE, { subject, more: { annotations } });
  const late = artifactOf(SBOM, { subject, more: { annotations: undefined } });
  const typedByConfig = imageOf({ layers: [], subject });
  const typedIndex = indexOf([], { subject, more: { artifactType: SBOM, annotations } });
  const plainIndex = indexOf([], { subject, more: { annotations: { only: 'one' } } });
  const all = [early, late, typedByConfig, typedIndex, plainIndex];

  beforeAll(async () => {
    repository = registry.repository();
    await repository.push(early);
    await repository.push(typedIndex, 'an-index');
    await repository.push(subject, 'v1');
    for (const one of [late, typedByConfig, plainIndex]) await repository.push(one);
  });

  test('those pushed before the subject and after it are all there', async () => {
    expect(await digestsOf(repository, subject.digest)).toEqual(sorted(...all));
  });

  test.each([
    ['an artifact', early, { mediaType: OCI_IMAGE, artifactType: SIGNATURE, annotations }],
    ['an artifact without annotations', late, { mediaType: OCI_IMAGE, artifactType: SBOM }],
    [
      'an image without artifactType, which has its config’s',
      typedByConfig,
      { mediaType: OCI_IMAGE, artifactType: CONFIG_TYPE },
    ],
    ['an index with a type', typedIndex, { mediaType: OCI_INDEX, artifactType: SBOM, annotations }],
    ['an index without a type, which has none', plainIndex, { mediaType: OCI_INDEX, annotations: { only: 'one' } }],
  ])('%s: its descriptor with all annotations, and nothing more', async (_what, { digest, bytes }, expected) => {
    const rows = await referrersOf(repository, subject.digest);
    expect(rows.filter((row) => row['digest'] === digest)).toEqual([{ digest, size: bytes.length, ...expected }]);
  });

  test.each([
    ['one type', `?artifactType=${encodeURIComponent(SIGNATURE)}`, [early]],
    ['a raw + in the type', `?artifactType=${SIGNATURE}`, [early]],
    ['another type', `?artifactType=${encodeURIComponent(SBOM)}`, [late, typedIndex]],
    ['the type of a config', `?artifactType=${CONFIG_TYPE.replace('+', '%2B')}`, [typedByConfig]],
    [
      'two types, as containerd asks',
      `?artifactType=${encodeURIComponent(SIGNATURE)}&artifactType=${encodeURIComponent(SBOM)}`,
      [early, late, typedIndex],
    ],
    ['a type nobody has', '?artifactType=a/b', []],
    ['the start of a type', '?artifactType=application/vnd.example', []],
    ['a type among other parameters', `?n=50&artifactType=${encodeURIComponent(SIGNATURE)}&ns=x`, [early]],
  ])('filtered by %s: only those, and it says that it was filtered', async (_what, query, expected) => {
    const answer = await repository.send('GET', `referrers/${subject.digest}${query}`);
    expect(valuesOf(answer, 'OCI-Filters-Applied')).toEqual(['artifactType']);
    expect(await digestsOf(repository, subject.digest, query)).toEqual(sorted(...expected));
  });

  test.each(['', '?artifactType='])('unfiltered it does not say so: %s', async (query) => {
    const { headers } = await repository.send('GET', `referrers/${subject.digest}${query}`);
    expect(headers).not.toHaveProperty('oci-filters-applied');
    expect(await digestsOf(repository, subject.digest, query)).toEqual(sorted(...all));
  });

  test('a referrer with many tags, pushed many times, is one row', async () => {
    for (const reference of ['a', 'b', early.digest]) await repository.push(early, reference);
    expect(await digestsOf(repository, subject.digest)).toEqual(sorted(...all));
  });

  test('rows are of one repository', async () => {
    const other = registry.repository();
    await other.push(subject);
    expect(await referrersOf(other, subject.digest)).toEqual([]);
  });

  test('referrers of referrers are their own', async () => {
    const deeper = artifactOf(SIGNATURE, { subject: early });
    await repository.push(deeper);
    expect(await digestsOf(repository, early.digest)).toEqual([deeper.digest]);
    expect(await digestsOf(repository, subject.digest)).toEqual(sorted(...all));
  });
});

describe('the life of a list', () => {
  test('a subject that was never pushed has its referrers', async () => {
    const repository = registry.repository();
    const missing = imageOf();
    const referrer = artifactOf(SIGNATURE, { subject: missing });
    await repository.push(referrer);
    expect(await digestsOf(repository, missing.digest)).toEqual([referrer.digest]);
  });

  test('a subject is the digest it was named by: sha256 and sha512 are two', async () => {
    const repository = registry.repository();
    const subject = imageOf({ algorithm: 'sha512' });
    const twin = { ...subject, ...contentOf(subject.bytes) };
    const [strong, weak] = [
      artifactOf(SIGNATURE, { subject, algorithm: 'sha512' }),
      artifactOf(SIGNATURE, { subject: twin }),
    ];
    for (const one of [strong, weak]) await repository.push(one);
    expect(await digestsOf(repository, subject.digest)).toEqual([strong.digest]);
    expect(await digestsOf(repository, twin.digest)).toEqual([weak.digest]);
  });

  test('deleting the subject leaves them; deleting one takes it off at once', async () => {
    const repository = registry.repository();
    const subject = imageOf();
    const [first, second] = [artifactOf(SIGNATURE, { subject }), indexOf([], { subject })];
    for (const one of [subject, first, second]) await repository.push(one);
    expect((await repository.send('DELETE', `manifests/${subject.digest}`)).status).toBe(202);
    expect(await digestsOf(repository, subject.digest)).toEqual(sorted(first, second));
    expect((await repository.send('DELETE', `manifests/${first.digest}`)).status).toBe(202);
    expect(await digestsOf(repository, subject.digest)).toEqual([second.digest]);
    expect((await repository.send('DELETE', `manifests/${second.digest}`)).status).toBe(202);
    expect(await referrersOf(repository, subject.digest)).toEqual([]);
    await repository.push(first);
    expect(await digestsOf(repository, subject.digest)).toEqual([first.digest]);
  });

  test('deleting the tag of a referrer leaves it', async () => {
    const repository = registry.repository();
    const subject = imageOf();
    const referrer = artifactOf(SIGNATURE, { subject });
    await repository.push(referrer, 'signed');
    expect((await repository.send('DELETE', 'manifests/signed')).status).toBe(202);
    expect(await digestsOf(repository, subject.digest)).toEqual([referrer.digest]);
  });

  test('many pushed at once are all there', async () => {
    const repository = registry.repository();
    const subject = imageOf();
    const referrers = Array.from({ length: 24 }, () => artifactOf(SIGNATURE, { subject }));
    await repository.pushBlobs(EMPTY_BLOB);
    const answers = await Promise.all(referrers.map((one) => repository.put(one.digest, one)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(await digestsOf(repository, subject.digest)).toEqual(sorted(...referrers));
  });

  test('a list longer than clients read at once has pages that add up to the whole', async () => {
    const repository = registry.repository();
    const subject = imageOf();
    const annotations = { long: 'x'.repeat(1_500_000) };
    const referrers = Array.from({ length: 4 }, (_, at) =>
      artifactOf(SIGNATURE, { subject, more: { annotations, at } }),
    );
    for (const one of referrers) await repository.push(one);
    const digests: unknown[] = [];
    let next: string | undefined = repository.path(
      `referrers/${subject.digest}?artifactType=${encodeURIComponent(SIGNATURE)}`,
    );
    let pages = 0;
    while (next !== undefined) {
      const answer = await registry.send('GET', next);
      expect(answer.body.length).toBeLessThanOrEqual(4 * 1024 * 1024);
      expect(valuesOf(answer, 'OCI-Filters-Applied')).toEqual(['artifactType']);
      digests.push(...Referrers.parse(jsonOf(answer)).manifests.map((row) => row['digest']));
      next = nextPage(answer);
      pages += 1;
    }
    expect(pages).toBe(2);
    expect(digests.sort()).toEqual(sorted(...referrers));
  });
});

describe('what clients do without this list', () => {
  test.each(['', '.sig', '.att', '.sbom'])('sha256-<hex>%s is a tag like any other', async (suffix) => {
    const repository = registry.repository();
    const subject = imageOf();
    const tag = `${subject.digest.replace(':', '-')}${suffix}`;
    const fallback = indexOf([], { more: { manifests: [] } });
    expect((await repository.put(tag, fallback)).status).toBe(201);
    expect((await repository.send('HEAD', `manifests/${tag}`)).headers['docker-content-digest']).toBe(fallback.digest);
    expect((await repository.send('DELETE', `manifests/${tag}`)).status).toBe(202);
  });

  test.each([
    ['cosign’s bundles', 'application/vnd.dev.sigstore.bundle.v0.3+json', {}],
    [
      'notation’s signatures',
      'application/vnd.cncf.notary.signature',
      { artifactType: undefined, config: descriptorOf(EMPTY_BLOB, 'application/vnd.cncf.notary.signature') },
    ],
    [
      'BuildKit’s attestations',
      'application/vnd.docker.attestation.manifest.v1+json',
      { config: descriptorOf(EMPTY_BLOB, EMPTY_TYPE) },
    ],
  ])('%s are listed by their type', async (_whose, type, more) => {
    const repository = registry.repository();
    const subject = imageOf();
    const referrer = artifactOf(type, { subject, more });
    await repository.push(referrer);
    expect(await digestsOf(repository, subject.digest, `?artifactType=${encodeURIComponent(type)}`)).toEqual([
      referrer.digest,
    ]);
  });
});
