import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';

/** ITU-T X.690. */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  utf8: 0x0c,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
};
/** Object identifiers, whole: RFC 5280 and RFC 5758. */
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const ECDSA_WITH_SHA256 = Buffer.from('06082a8648ce3d040302', 'hex');
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex');
const ALTERNATIVE_NAMES = Buffer.from('0603551d11', 'hex');
const DAY_MS = 86_400_000;

/** Files of a server's certificate. */
export interface ServerCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A private certificate authority, made anew, which no machine trusts that is not told to. */
export class Authority {
  readonly #key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  /** For NODE_EXTRA_CA_CERTS. */
  readonly file: string;

  constructor(private readonly folder: string) {
    const itself = sequence(BASIC_CONSTRAINTS, der(TAG.octets, sequence(der(TAG.boolean, Buffer.of(0xff)))));
    this.file = join(folder, 'authority.pem');
    writeFileSync(this.file, this.#certify('authority', this.#key.publicKey, itself));
  }

  /** For a server that is reached by these names or addresses. */
  issue(...hosts: [string, ...string[]]): ServerCertificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const names = hosts.map((host) => (isIP(host) === 4 ? der(0x87, addressOf(host)) : der(0x82, Buffer.from(host))));
    const extension = sequence(ALTERNATIVE_NAMES, der(TAG.octets, sequence(...names)));
    const [certFile, keyFile] = [join(this.folder, `${hosts[0]}.pem`), join(this.folder, `${hosts[0]}.key`)];
    writeFileSync(certFile, this.#certify(hosts[0], publicKey, extension));
    writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    return { certFile, keyFile };
  }

  /** RFC 5280, 4.1. */
  #certify(subject: string, publicKey: KeyObject, extension: Buffer): string {
    const now = Date.now();
    const certificate = sequence(
      der(0xa0, der(TAG.integer, Buffer.of(2))),
      der(TAG.integer, Buffer.concat([Buffer.of(1), randomBytes(8)])),
      sequence(ECDSA_WITH_SHA256),
      nameOf('authority'),
      sequence(timeOf(now - DAY_MS), timeOf(now + DAY_MS)),
      nameOf(subject),
      publicKey.export({ type: 'spki', format: 'der' }),
      der(0xa3, sequence(extension)),
    );
    const signature = sign('sha256', certificate, this.#key.privateKey);
    const signed = sequence(
      certificate,
      sequence(ECDSA_WITH_SHA256),
      der(TAG.bits, Buffer.concat([Buffer.of(0), signature])),
    );
    const lines = signed.toString('base64').match(/.{1,64}/g) ?? [];
    return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  }
}

function der(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag), lengthOf(content), content]);
}

function lengthOf({ length }: Buffer): Buffer {
  if (length < 0x80) return Buffer.of(length);
  return length < 0x100 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff);
}

function sequence(...parts: Buffer[]): Buffer {
  return der(TAG.sequence, Buffer.concat(parts));
}

function nameOf(commonName: string): Buffer {
  return sequence(der(TAG.set, sequence(COMMON_NAME, der(TAG.utf8, Buffer.from(commonName)))));
}

function timeOf(ms: number): Buffer {
  return der(TAG.time, Buffer.from(new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')));
}

function addressOf(host: string): Buffer {
  return Buffer.from(host.split('.').map(Number));
}
