const ORIGIN = /^https?:\/\/[^/?]*/i;

/**
 * Path and query of what was asked for, whether by itself or after a scheme and a host, which a server takes as well: RFC 9112, 3.2.2.
 * Of anything else, a path at which there is nothing. Express reads what is no path by Node's old parser of URLs, which warns of a host that
 * it does not understand and will not read it for ever.
 */
export function originForm(url: string): string {
  if (url.startsWith('/')) return url;
  const path = url.replace(ORIGIN, '');
  return path.startsWith('/') ? path : `/${path}`;
}
