import { digestOf } from '@atoll/core';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Harness, OCI_IMAGE, OCI_INDEX, verdict } from '../testing/harness.js';

const SUBJECT = digestOf('a subject that was never pushed');
const SBOM = 'application/vnd.example.sbom+json';
const SIGNATURE = 'application/vnd.example.signature';

let api: Harness;
beforeAll(async () => {
  api = await Harness.start({ limits: { maxReferrersBytes: 1000 } });
  const subject = { mediaType: OCI_IMAGE, digest: SUBJECT, size: 5 };
  await api.pushImage('a', undefined, { subject, artifactType: SBOM, annotations: { n: '1' } });
  await api.pushImage('a', 'tagged', { subject, artifactType: SIGNATURE, annotations: { n: '2' } });
  await api.pushImage('a', undefined, { subject, annotations: { n: '3' } });
  const many = digestOf('a subject of many');
  for (let n = 0; n < 7; n++) {
    const long = { n: String(n), text: 'x'.repeat(200) };
    await api.pushImage('b', undefined, { subject: { ...subject, digest: many }, annotations: long });
  }
});
afterAll(() => api.stop());

interface Row {
  readonly artifactType?: string;
  readonly annotations?: { readonly n?: string };
}

async function referrers(path: string) {
  const { status, headers, body } = await api.ask('GET', path);
  expect([status, headers['content-type']]).toEqual([200, OCI_INDEX]);
  const index = JSON.parse(body.toString()) as { manifests: Row[] };
  expect(index).toMatchObject({ schemaVersion: 2, mediaType: OCI_INDEX });
  const { link, 'oci-filters-applied': filters } = headers;
  return { rows: index.manifests, link, filters, sizeBytes: body.length };
}

test.each([
  ['a subject nobody names', `/v2/a/referrers/${digestOf('x')}`],
  ['a repository that does not exist', `/v2/not/yet/referrers/${digestOf('x')}`],
])('%s has an empty list, which is no error', async (_what, path) => {
  expect((await referrers(path)).rows).toEqual([]);
});

test('the list has every referrer once, as a descriptor and no more', async () => {
  const { rows, filters, link } = await referrers(`/v2/a/referrers/${SUBJECT}`);
  expect(rows.map((row) => row.annotations?.n).sort()).toEqual(['1', '2', '3']);
  for (const row of rows) {
    expect(Object.keys(row).sort()).toEqual(['annotations', 'artifactType', 'digest', 'mediaType', 'size']);
  }
  expect([filters, link]).toEqual([undefined, undefined]);
});

test.each([
  ['one type', `artifactType=${SIGNATURE}`, ['2']],
  ['a plus that was encoded', `artifactType=${encodeURIComponent(SBOM)}`, ['1']],
  ['a plus that was not', `artifactType=${SBOM}`, ['1']],
  ['two types', `artifactType=${SIGNATURE}&artifactType=${SBOM}`, ['1', '2']],
  ["a config's type", 'artifactType=application/vnd.oci.empty.v1%2Bjson', ['3']],
  ['a type nobody has', 'artifactType=x', []],
])('the list by %s', async (_what, query, expected) => {
  const { rows, filters } = await referrers(`/v2/a/referrers/${SUBJECT}?n=10&${query}`);
  expect(rows.map((row) => row.annotations?.n).sort()).toEqual(expected);
  expect(filters).toBe('artifactType');
});

test('more than a client reads at once comes on pages', async () => {
  const seen: Row[] = [];
  const sizes: number[] = [];
  const query = 'artifactType=application/vnd.oci.empty.v1%2Bjson';
  for (let path: string | undefined = `/v2/b/referrers/${digestOf('a subject of many')}?${query}`; path;) {
    const page = await referrers(path);
    seen.push(...page.rows);
    sizes.push(page.sizeBytes);
    path = page.link?.slice(1, page.link.indexOf('>'));
  }
  expect(seen.map((row) => row.annotations?.n).sort()).toEqual(['0', '1', '2', '3', '4', '5', '6']);
  expect(sizes.length).toBeGreaterThan(1);
  expect(Math.max(...sizes)).toBeLessThan(1200);
});

test('a malformed digest is 400', async () => {
  expect(verdict(await api.ask('GET', '/v2/a/referrers/sha256:x'))).toBe('400 DIGEST_INVALID');
  expect(verdict(await api.ask('GET', '/v2/a/referrers/latest'))).toBe('400 DIGEST_INVALID');
});

test('a referrer that is deleted is listed no more', async () => {
  const subject = { mediaType: OCI_IMAGE, digest: digestOf('short-lived'), size: 1 };
  const { digest } = await api.pushImage('c', undefined, { subject });
  await api.ask('DELETE', `/v2/c/manifests/${digest}`);
  expect((await referrers(`/v2/c/referrers/${subject.digest}`)).rows).toEqual([]);
});
