const PREFIX_SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9!_.*'()@:=+-]{1,255}$/;

/** What stands between the slashes of a path; nothing in `/` and at its end. */
export function segmentsOf({ pathname }: URL): string[] {
  const path = pathname.replace(/^\//, '').replace(/\/$/, '');
  return path === '' ? [] : path.split('/');
}

/** What is wrong with segments that are to stand before every key, to follow the URL's name in a sentence. `undefined` where nothing is. */
export function faultOfPrefix(segments: readonly string[]): string | undefined {
  if (segments.every((segment) => PREFIX_SEGMENT.test(segment))) return undefined;
  return 'has a prefix with an empty segment or with a character that keys do not have';
}

/** What stands before every key: empty, or segments that end with a slash. */
export function prefixOf(segments: readonly string[]): string {
  return segments.map((segment) => `${segment}/`).join('');
}

/**
 * What is wrong with the parameters of a URL that may have an endpoint, and nothing else; as {@link faultOfPrefix}. What stands there may
 * be a signature, so none of it is repeated.
 */
export function faultOfEndpointQuery(query: URLSearchParams, example: string): string | undefined {
  if ([...query.keys()].some((name) => name !== 'endpoint')) return 'may have no parameter but endpoint';
  if (query.getAll('endpoint').length > 1) return 'gives endpoint twice';
  const text = query.get('endpoint');
  if (text === null) return undefined;
  const endpoint = URL.parse(text);
  if (endpoint === null || !['http:', 'https:'].includes(endpoint.protocol)) {
    return `must have an endpoint such as ${example}`;
  }
  if (endpoint.username !== '' || endpoint.password !== '' || endpoint.search !== '' || endpoint.hash !== '') {
    return 'must have an endpoint without credentials or parameters';
  }
  return undefined;
}
