import { gzipSync } from 'node:zlib';
import {
  artifactOf,
  contentOf,
  descriptorOf,
  DOCKER_IMAGE,
  DOCKER_LIST,
  EMPTY_BLOB,
  EMPTY_TYPE,
  imageOf,
  indexOf,
  manifestOf,
  randomBlob,
  randomDigest,
  type Algorithm,
  type Manifest,
} from './samples.js';

/** Manifests that belong together. Oldest first: what is named stands before what names it, but for subjects. */
export interface DataSet {
  readonly what: string;
  /** By tag, in the order they are pushed; a name that begins with `-` is pushed by digest only. */
  readonly manifests: Readonly<Record<string, Manifest>>;
  /** The manifests of which each is to be found in the list of a subject, by the subject's digest. */
  readonly referrers?: Readonly<Record<string, readonly Manifest[]>>;
  /** How tags are given: by a PUT to each, or by parameters of the push by digest. */
  readonly tagged?: 'by parameter';
}

const SIGNATURE = 'application/vnd.example.signature';
const SBOM = 'application/vnd.example.sbom+json';
const annotations = { 'org.opencontainers.image.created': '2026-11-22T00:00:00Z' };

function gzipped(algorithm?: Algorithm): Manifest {
  const layer = contentOf(gzipSync(randomBlob(200).bytes), algorithm);
  const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
  return imageOf({ layers: [layer, layer], layerType, ...(algorithm && { algorithm }) });
}

function docker(): Manifest {
  const [config, layer] = [randomBlob(), randomBlob()];
  const body = {
    schemaVersion: 2,
    mediaType: DOCKER_IMAGE,
    config: descriptorOf(config, 'application/vnd.docker.container.image.v1+json'),
    layers: [descriptorOf(layer, 'application/vnd.docker.image.rootfs.diff.tar.gzip')],
  };
  return manifestOf(body, { mediaType: DOCKER_IMAGE, blobs: [config, layer] });
}

function dockerList(children: readonly Manifest[]): Manifest {
  const list = indexOf(children, { more: { mediaType: DOCKER_LIST, annotations: undefined } });
  return { ...list, mediaType: DOCKER_LIST };
}

function images(): DataSet[] {
  const [amd64, arm64, other] = [imageOf(), imageOf(), imageOf()];
  const index = indexOf([amd64, arm64]);
  const [dockerImage, second] = [docker(), docker()];
  const ids = Array.from({ length: 60_000 }, () => randomDigest().slice(7, 23));
  return [
    { what: 'an image with gzip layers', manifests: { image: gzipped() } },
    { what: 'an image with plain layers', manifests: { image: imageOf({ layers: [randomBlob(500), randomBlob(1)] }) } },
    {
      what: 'a large manifest',
      manifests: {
        image: imageOf({ more: { annotations: Object.fromEntries(ids.map((id) => [id, 'x'.repeat(40)])) } }),
      },
    },
    { what: 'an index', manifests: { '-amd64': amd64, '-arm64': arm64, index } },
    {
      what: 'a nested index',
      manifests: { '-amd64': amd64, '-arm64': arm64, index, other, nested: indexOf([index, other]) },
    },
    { what: 'an empty index', manifests: { index: indexOf([]) } },
    { what: 'a Docker image', manifests: { image: dockerImage } },
    {
      what: 'a Docker list',
      manifests: { '-one': dockerImage, '-two': second, list: dockerList([dockerImage, second]) },
    },
    { what: 'no layers', manifests: { image: imageOf({ layers: [] }) } },
    {
      what: 'an image with its config as data',
      manifests: {
        image: {
          ...imageOf({ layers: [], more: { config: descriptorOf(EMPTY_BLOB, EMPTY_TYPE, { data: 'e30=' }) } }),
          blobs: [EMPTY_BLOB],
        },
      },
    },
    {
      what: 'non-distributable layers that are not there',
      manifests: {
        image: imageOf({
          layers: [],
          more: {
            layers: ['tar', 'tar+gzip'].map((end) =>
              descriptorOf(randomBlob(), `application/vnd.oci.image.layer.nondistributable.v1.${end}`, {
                urls: ['https://layers.example/a'],
              }),
            ),
          },
        }),
      },
    },
    {
      what: 'custom fields',
      manifests: {
        image: imageOf({ more: { newField: 'x', newObject: { a: [1, 2, { b: null }] }, annotations } }),
        index: indexOf([], { more: { newField: true, annotations } }),
      },
    },
  ];
}

function artifacts(): DataSet[] {
  const artifact = artifactOf(SBOM, { layers: [randomBlob()] });
  const [subject, indexSubject, missing] = [imageOf(), indexOf([]), imageOf()];
  const [first, second] = [artifactOf(SIGNATURE, { subject }), artifactOf(SBOM, { subject, layers: [randomBlob()] })];
  const listed = indexOf([artifact], { subject: indexSubject, more: { artifactType: SBOM } });
  const orphan = artifactOf(SIGNATURE, { subject: missing });
  const strong = gzipped('sha512');
  const strongReferrer = artifactOf(SIGNATURE, { subject: strong, algorithm: 'sha512' });
  return [
    { what: 'an artifact', manifests: { artifact } },
    {
      what: 'an index of artifacts',
      manifests: { artifact, index: indexOf([artifact], { more: { artifactType: SBOM } }) },
    },
    { what: 'an artifact without layers', manifests: { artifact: artifactOf(SBOM, { layers: [] }) } },
    {
      what: 'artifacts with a subject',
      manifests: { image: subject, '-signature': first, '-sbom': second },
      referrers: { [subject.digest]: [first, second] },
    },
    {
      what: 'an index with a subject',
      manifests: { subject: indexSubject, artifact, referrer: listed },
      referrers: { [indexSubject.digest]: [listed] },
    },
    { what: 'a missing subject', manifests: { artifact: orphan }, referrers: { [missing.digest]: [orphan] } },
    {
      what: 'sha512 by digest',
      manifests: { '-image': strong, '-referrer': strongReferrer },
      referrers: { [strong.digest]: [strongReferrer] },
    },
    { what: 'tag parameters with sha256', tagged: 'by parameter', manifests: { image: imageOf(), index: indexOf([]) } },
    {
      what: 'tag parameters with sha512',
      tagged: 'by parameter',
      manifests: { image: strong, index: indexOf([strong], { algorithm: 'sha512' }) },
    },
    {
      what: 'an image that refers to another, with the type of its config',
      manifests: { image: subject, '-image': imageOf({ subject }) },
    },
  ];
}

/** What the rewritten suite of the distribution-spec pushes, and what Docker and BuildKit push beside it. */
export function dataSets(): DataSet[] {
  return [...images(), ...artifacts()];
}
