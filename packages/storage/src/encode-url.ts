/** As URLs of services are signed: percent-encodes all but unreserved characters (RFC 3986, 2.3). */
export function encodeStrictly(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A key's place in a URL. */
export function encodePath(key: string): string {
  return key.split('/').map(encodeStrictly).join('/');
}

/** Names and values as they stand in a URL, in the order of the names. */
export function encodeQuery(query: Readonly<Record<string, string>>): string {
  const names = Object.keys(query).toSorted();
  return names.map((name) => `${encodeStrictly(name)}=${encodeStrictly(query[name] ?? '')}`).join('&');
}
