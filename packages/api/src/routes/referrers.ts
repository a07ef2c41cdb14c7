import { parseDigest } from '@atoll/core';
import type { ReferrerRow } from '@atoll/registry';
import { jsonHeaders } from '../exchange.js';
import { linkToNext } from '../page.js';
import type { Call, RouteParts } from './route-parts.js';
import type { Query } from '../query.js';

const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

/**
 * `/v2/<name>/referrers/<digest>`; distribution-spec, Listing Referrers. Never 404, also where there is no such repository: clients
 * take that as a registry without this route, for good.
 */
export class ReferrerRoutes {
  constructor(private readonly parts: RouteParts) {}

  async handle({ exchange, route: { name, digest }, query }: Call<'referrers'>): Promise<void> {
    const subject = parseDigest(digest);
    const types = artifactTypesOf(query);
    const rows = await this.parts.registry.referrers.list(name, subject, { signal: exchange.signal });
    const wanted = types.length === 0 ? rows : rows.filter(({ artifactType = '' }) => types.includes(artifactType));
    const page = pageOf(wanted, query.get('last') ?? '', this.parts.limits.maxReferrersBytes);
    const payload = Buffer.from(`{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":[${page.items.join(',')}]}`);
    const link = page.last && linkToNext(`/v2/${name}/referrers/${subject}`, nextQuery(types, page.last));
    exchange.respond(
      200,
      {
        ...jsonHeaders(payload),
        // Clients compare the whole value, so there is no charset.
        'Content-Type': OCI_INDEX,
        'Cache-Control': 'no-cache',
        ...(types.length > 0 && { 'OCI-Filters-Applied': 'artifactType' }),
        ...(link !== undefined && { Link: link }),
      },
      payload,
    );
  }
}

/** No media type has a space, so one here was a `+` that a client left unencoded. */
function artifactTypesOf(query: Query): string[] {
  return query
    .getAll('artifactType')
    .filter((type) => type !== '')
    .map((type) => type.replaceAll(' ', '+'));
}

/** As much as clients read at once: those that do not know pages stop at 4 MiB, so all fits on one page as long as it can. */
function pageOf(
  rows: readonly ReferrerRow[],
  after: string,
  maxBytes: number,
): { items: string[]; last: string | undefined } {
  const items: string[] = [];
  let bytes = 0;
  let last: string | undefined;
  for (const row of rows.filter(({ digest }) => digest > after).sort(byDigest)) {
    const item = JSON.stringify(row);
    bytes += Buffer.byteLength(item) + 1;
    if (bytes > maxBytes && items.length > 0) return { items, last };
    items.push(item);
    last = row.digest;
  }
  return { items, last: undefined };
}

function nextQuery(types: readonly string[], last: string): URLSearchParams {
  const query = new URLSearchParams({ last });
  for (const type of types) query.append('artifactType', type);
  return query;
}

function byDigest(a: ReferrerRow, b: ReferrerRow): number {
  return a.digest < b.digest ? -1 : 1;
}
