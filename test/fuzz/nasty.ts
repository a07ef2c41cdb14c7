import type { Random } from '../harness/random.js';

/** Texts that break parsers, paths, headers and logs. All are Latin-1, one byte for a character. */
const TEXTS = [
  '',
  '.',
  '..',
  '../../../etc/passwd',
  '%2e%2e%2f',
  '%00',
  '%',
  '%zz',
  '%c0%ae',
  '%0d%0aX-Injected:%201',
  '\\..\\..',
  '__proto__',
  'constructor',
  'toString',
  'NaN',
  '-1',
  '0x10',
  '1e9',
  '9'.repeat(40),
  'a'.repeat(300),
  'A',
  '_',
  '-',
  'a..b',
  'a___b',
  'a/b',
  'a//b',
  '/',
  '?',
  '#',
  '&',
  '=',
  ';',
  ':',
  '@',
  '*',
  '"',
  "'",
  '<script>',
  '${jndi:ldap://x}',
  '{{7*7}}',
  '$(id)',
  '\xe4',
  '\xff\xfe',
  '%F0%9F%98%80',
  'sha256:',
  'sha256:..',
  `sha256:${'a'.repeat(63)}`,
  `sha256:${'A'.repeat(64)}`,
  `sha256:${'g'.repeat(64)}`,
  `sha512:${'a'.repeat(64)}`,
  `md5:${'a'.repeat(32)}`,
  `__proto__:${'a'.repeat(64)}`,
  `sha256:${'0'.repeat(64)}`,
  '_catalog',
  '_uploads',
  'blobs/uploads',
  'manifests',
  'tags/list',
] as const;

const RANGES = [
  'bytes=0-0',
  'bytes=0-',
  'bytes=-1',
  'bytes=-0',
  'bytes=5-2',
  'bytes=99999999999999999999-',
  'bytes=0-99999999999999999999',
  'bytes=0-1,2-3',
  `bytes=${'0-0,'.repeat(500)}1-1`,
  'bytes=a-b',
  'bytes',
  'items=0-1',
  'bytes=--1',
  'bytes=0-0x10',
  'bytes= 0 - 1',
  '0-1',
];

const CONTENT_RANGES = [
  '0-0',
  '0-4',
  '5-9',
  '5-0',
  '-1-4',
  '0-',
  '-',
  'bytes 0-4/*',
  'bytes 0-4/5',
  'bytes=0-4',
  'x',
  '0-99999999999999999999',
  '9007199254740991-9007199254740992',
  '0-4,5-9',
  '00000-00004',
];

const TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'APPLICATION/vnd.oci.image.index.v1+JSON; charset=utf-8',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/json',
  'text/html',
  '',
  ';',
  'a/b/c',
  `application/${'x'.repeat(2000)}`,
  '\xff',
];

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'SEARCH', 'LINK'];

/** Names that follow no grammar, digests that are none, and header values that lie. */
export class Nasty {
  constructor(private readonly random: Random) {}

  text(): string {
    return this.random.pick(TEXTS);
  }

  method(): string {
    return this.random.pick(METHODS);
  }

  /** Can stand in the path of a request line without ending it. */
  pathText(): string {
    return this.text().replace(/[\x80-\xff]/g, '%ff');
  }

  query(): string {
    const { random } = this;
    const names = [
      'n',
      'last',
      'digest',
      'mount',
      'from',
      'tag',
      'digest-algorithm',
      'artifactType',
      'ns',
      '_state',
      'x',
    ];
    const pairs = Array.from({ length: random.between(1, 4) }, () => {
      const value = random.next() < 0.5 ? encodeURIComponent(this.text()) : this.pathText().replaceAll('#', '');
      return `${random.pick(names)}=${value}`;
    });
    return `?${pairs.join(random.pick(['&', '&', '&&', ';', '%26']))}`;
  }

  header(): string {
    const { random } = this;
    switch (random.between(0, 11)) {
      case 0:
      case 1:
        return `Range: ${random.pick(RANGES)}`;
      case 2:
      case 3:
        return `Content-Range: ${random.pick(CONTENT_RANGES)}`;
      case 4:
        return `Content-Type: ${random.pick(TYPES)}`;
      case 5:
        return `If-None-Match: ${this.text()}`;
      case 6:
        return `If-Range: "${this.text()}"`;
      case 7:
        return `Authorization: ${random.pick(['Basic', 'Bearer', 'Basic YTpi', 'x', ''])} ${this.text()}`;
      case 8:
        return `Accept: ${random.pick(['*/*', 'text/html', '', ',,,', 'a'.repeat(500)])}`;
      case 9:
        return `Cookie: ${'x'.repeat(random.between(0, 3000))}`;
      case 10:
        return `Accept-Encoding: ${random.pick(['gzip', 'zstd;q=1, *;q=0', '\xff'])}`;
      default:
        return `X-${random.between(0, 99)}: ${this.text()}`;
    }
  }
}
