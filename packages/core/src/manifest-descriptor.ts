import type { Descriptor } from './descriptor.js';
import { isDigest, type Digest } from './digest.js';
import { RegistryError } from './registry-error.js';

/** What JSON.parse makes of `{}`; its members are not trusted. */
export type JsonObject = Readonly<Record<string, unknown>>;

type Annotations = Readonly<Record<string, string>>;

const WEB_URL = /^https?:\/\//i;

/** The member at `at`, which may be missing; Go's encoders write nothing as `null`, so both mean nothing. */
export function readDescriptors(value: unknown, at: string): Descriptor[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(at, 'must be an array of descriptors');
  return value.map((member, index) => readDescriptor(member, `${at}[${index}]`));
}

/**
 * Checks every member that image-spec's Content Descriptors defines and keeps those that the registry needs.
 * @throws RegistryError MANIFEST_INVALID; DIGEST_INVALID for a digest of an unknown form
 */
export function readDescriptor(value: unknown, at: string): Descriptor {
  if (!isJsonObject(value)) throw invalid(at, 'must be a descriptor: an object');
  const { mediaType, data } = value;
  if (typeof mediaType !== 'string' || mediaType === '') throw invalid(`${at}.mediaType`, 'must be a media type');
  if (data !== undefined && data !== null && typeof data !== 'string') throw invalid(`${at}.data`, 'must be a string');
  checkUrls(value.urls, `${at}.urls`);
  const artifactType = readText(value.artifactType, `${at}.artifactType`);
  const annotations = readAnnotations(value.annotations, `${at}.annotations`);
  return {
    mediaType,
    digest: readDigest(value.digest, `${at}.digest`),
    size: readSize(value.size, `${at}.size`),
    ...(artifactType !== undefined && { artifactType }),
    ...(annotations && { annotations }),
  };
}

/** Missing, `null` and the empty string are one, as they are to Go's decoders. */
export function readText(value: unknown, at: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw invalid(at, 'must be a string');
  return value;
}

export function readAnnotations(value: unknown, at: string): Annotations | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isAnnotations(value)) throw invalid(at, 'must be an object whose members are all strings');
  return value;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function invalid(at: string, must: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', `the manifest's ${at} ${must}`);
}

function isAnnotations(value: unknown): value is Annotations {
  return isJsonObject(value) && Object.values(value).every((text) => typeof text === 'string');
}

function readDigest(value: unknown, at: string): Digest {
  if (typeof value !== 'string') throw invalid(at, 'must be a digest');
  if (isDigest(value)) return value;
  throw new RegistryError(
    'DIGEST_INVALID',
    `the manifest's ${at} must be sha256:<64 lower-case hex digits> or sha512:<128 lower-case hex digits>`,
    { detail: { digest: value.slice(0, 200) } },
  );
}

function readSize(value: unknown, at: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(at, 'must be a number of bytes');
}

function checkUrls(value: unknown, at: string): void {
  if (value === undefined || value === null) return;
  if (!Array.isArray(value)) throw invalid(at, 'must be an array of URLs');
  const allowed = value.every((url) => typeof url === 'string' && WEB_URL.test(url));
  if (!allowed) throw invalid(at, 'may hold http and https URLs only');
}
