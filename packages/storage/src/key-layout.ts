import { hash } from 'node:crypto';
import { algorithmOf, hexOf, parseDigest, type Digest, type RepositoryName, type Tag } from '@atoll/core';

/**
 * Every key Atoll writes (docs/adr/0001-key-layout.md).
 *
 * ```
 * d/<id>                           a blob's bytes, immutable; the key is fixed when its upload starts
 * b/<alg>/<hex>                    blob record: which data object holds the digest
 * l/<hh>/<repo>/@/<alg>/<hex>      blob link: this repository may serve this blob
 * r/<hh>/<repo>/@i/<ulid>          intent: what a push in progress is about to name
 * r/<hh>/<repo>/@m/<alg>/<hex>     manifest register and bytes
 * r/<hh>/<repo>/@t/<tag>           tag register
 * r/<hh>/<repo>/@f/<alg>/<hex>/<p> referrers of a subject, page p
 * c/<repo>!                        catalog marker
 * u/<id>                           upload session
 * jr/<shard>/<ulid>                raw journal entry
 * js/<shard>/<number>              sealed journal segment, immutable
 * jh/<shard>                       journal head
 * p/<region>/<shard>               watermark: how far this region has read that one's journal
 * q/<region>/<hh>/<repo>!          dirty marker: compare this repository with that region
 * m/region                         this region's identity
 * _probe/<id>/...                  the boot probe's own
 * ```
 *
 * `hh` spreads repositories over 256 prefixes. `@` cannot occur in a name, so no repository's prefix begins another's keys.
 * `!` ends a name where nothing follows it, so that `a` and `a/b` never make one key the folder of another, and sorts before every
 * character of a name, so that keys sort as names do.
 */
export const keys = {
  data: (id: string) => `d/${id}`,
  record: (digest: Digest) => `b/${digestPath(digest)}`,
  linksOf: (name: RepositoryName) => `l/${spread(name)}/${name}/@/`,
  link: (name: RepositoryName, digest: Digest) => `${keys.linksOf(name)}${digestPath(digest)}`,
  intentsOf: (name: RepositoryName) => `${home(name)}/@i/`,
  intent: (name: RepositoryName, ulid: string) => `${keys.intentsOf(name)}${ulid}`,
  manifestsOf: (name: RepositoryName) => `${home(name)}/@m/`,
  manifest: (name: RepositoryName, digest: Digest) => `${keys.manifestsOf(name)}${digestPath(digest)}`,
  tagsOf: (name: RepositoryName) => `${home(name)}/@t/`,
  tag: (name: RepositoryName, tag: Tag) => `${keys.tagsOf(name)}${tag}`,
  referrersOf: (name: RepositoryName, subject: Digest) => `${home(name)}/@f/${digestPath(subject)}/`,
  referrers: (name: RepositoryName, subject: Digest, page: number) =>
    `${keys.referrersOf(name, subject)}${String(page).padStart(6, '0')}`,
  catalog: 'c/',
  catalogMarker: (name: RepositoryName) => `c/${name}!`,
  uploads: 'u/',
  upload: (id: string) => `u/${id}`,
  rawEntries: (shard: number) => `jr/${shard}/`,
  rawEntry: (shard: number, ulid: string) => `jr/${shard}/${ulid}`,
  segments: (shard: number) => `js/${shard}/`,
  segment: (shard: number, number: number) => `js/${shard}/${String(number).padStart(12, '0')}`,
  journalHead: (shard: number) => `jh/${shard}`,
  watermark: (region: string, shard: number) => `p/${region}/${shard}`,
  dirtyMarkers: (region: string) => `q/${region}/`,
  dirtyMarker: (region: string, name: RepositoryName) => `q/${region}/${spread(name)}/${name}!`,
  region: 'm/region',
  probes: '_probe/',
  probe: (id: string) => `_probe/${id}/`,
} as const;

/** The name that ends a catalog marker's or a dirty marker's key, whatever stands before it. */
export function nameInMarker(key: string, prefix: string): string | undefined {
  if (!key.startsWith(prefix) || !key.endsWith('!')) return undefined;
  return key.slice(prefix.length, -1);
}

/** The digest that ends a key such as a manifest's, a link's or a record's. @throws RegistryError DIGEST_INVALID */
export function digestInKey(key: string): Digest {
  const [algorithm, hex] = key.split('/').slice(-2);
  return parseDigest(`${algorithm}:${hex}`);
}

function home(name: RepositoryName): string {
  return `r/${spread(name)}/${name}`;
}

function spread(name: RepositoryName): string {
  return hash('sha256', name, 'hex').slice(0, 2);
}

/** How a digest ends a key. */
export function digestPath(digest: Digest): string {
  return `${algorithmOf(digest)}/${hexOf(digest)}`;
}
