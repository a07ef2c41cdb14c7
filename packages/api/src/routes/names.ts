import { jsonHeaders, type Exchange } from '../exchange.js';
import { linkToNext, parsePage, type PageRequest } from '../page.js';
import type { Call, RouteParts } from './route-parts.js';

const EMPTY = Buffer.from('{}');

/** `/v2/`, `/v2/_catalog` and `/v2/<name>/tags/list`; distribution-spec, Listing Tags. */
export class NameRoutes {
  constructor(private readonly parts: RouteParts) {}

  /** Whether this is a registry, and whether the client may use it. */
  ping({ exchange }: Call<'ping'>): void {
    exchange.respond(200, jsonHeaders(EMPTY), EMPTY);
  }

  async tags({ exchange, route: { name }, query }: Call<'tags'>): Promise<void> {
    const page = parsePage(query, this.parts.limits.maxPageNames);
    const { tags, next } = await this.parts.registry.tags.list(name, page, { signal: exchange.signal });
    respondPage(exchange, { name, tags }, linkAfter(`/v2/${name}/tags/list`, page, next));
  }

  async catalog({ exchange, query }: Call<'catalog'>): Promise<void> {
    const page = parsePage(query, this.parts.limits.maxPageNames);
    const { repositories, next } = await this.parts.registry.catalog.list(page, { signal: exchange.signal });
    respondPage(exchange, { repositories }, linkAfter('/v2/_catalog', page, next));
  }
}

function respondPage(exchange: Exchange, answer: unknown, link: string | undefined): void {
  const payload = Buffer.from(JSON.stringify(answer));
  exchange.respond(
    200,
    { ...jsonHeaders(payload), 'Cache-Control': 'no-cache', ...(link !== undefined && { Link: link }) },
    payload,
  );
}

function linkAfter(path: string, { limit }: PageRequest, last: string | undefined): string | undefined {
  if (last === undefined) return undefined;
  return linkToNext(path, new URLSearchParams({ n: String(limit), last }));
}
