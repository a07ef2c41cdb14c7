import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultOfAzureUrl } from '@atoll/storage-azure/azure-location';
import { faultOfGcsUrl } from '@atoll/storage-gcs/gcs-location';
import { faultOfS3Url } from '@atoll/storage-s3/s3-location';
import { z } from 'zod';
import { Secret } from './secret.js';

/** Where changes wait for the worker. `memory` loses nothing in a crash: what is due is found again in the bucket. */
export type QueueSetting = { readonly kind: 'memory' } | { readonly kind: 'redis'; readonly url: Secret };

export interface RegionPort {
  readonly region: string;
  readonly port: number;
}

/** What is wrong with a bucket's URL, by its scheme. */
const FAULT_OF: Readonly<Record<string, (text: string) => string | undefined>> = {
  'file:': faultOfFileUrl,
  's3:': faultOfS3Url,
  'az:': faultOfAzureUrl,
  'gs:': faultOfGcsUrl,
};

/** The start of every name a region has in keys, upload ids and log lines, so it holds none of their separators. */
export const regionName = z
  .string()
  .regex(
    /^[a-z][a-z0-9-]{0,31}$/,
    'must be 1 to 32 of a-z, 0-9 and -, beginning with a letter, such as eu or us-east-1',
  );

export const portNumber = wholeNumber({ least: 0, most: 65_535 });

/** A bucket's URL, checked but not opened: `file:///absolute/folder`, `s3://bucket/prefix`, `az://account/container`, `gs://bucket`. */
export const storageUrl = z.string().superRefine((text, context) => {
  const fault = faultOfStorageUrl(text);
  if (fault !== undefined) context.addIssue({ code: 'custom', message: fault });
});

export const queueUrl = z.string().transform((text, context): QueueSetting => {
  if (text === 'memory') return { kind: 'memory' };
  const url = URL.parse(text);
  if ((url?.protocol === 'redis:' || url?.protocol === 'rediss:') && url.hostname !== '') {
    return { kind: 'redis', url: new Secret(text) };
  }
  // The text may hold a password, so the message does not repeat it.
  context.addIssue({ code: 'custom', message: 'must be memory or redis://host:port/db' });
  return z.NEVER;
});

/** `us=file:///data/us,ap=file:///data/ap` */
export const peerList = pairs().transform((entries, context): ReadonlyMap<string, string> => {
  for (const [region, url] of entries) {
    report(context, region, regionName.safeParse(region));
    report(context, region, storageUrl.safeParse(url));
  }
  return new Map(entries);
});

/** `eu=5001,us=5002` */
export const regionPorts = pairs().transform((entries, context): readonly RegionPort[] => {
  for (const port of repeated(entries.map(([, port]) => port))) {
    if (port !== '0') context.addIssue({ code: 'custom', message: `gives port ${port} to two regions` });
  }
  return entries.map(([region, text]) => {
    report(context, region, regionName.safeParse(region));
    const port = portNumber.safeParse(text);
    report(context, region, port);
    return { region, port: port.data ?? 0 };
  });
});

/** A switch, spelled in two words only: a "yes" that is read as no would be worse than a stop. */
export const onOrOff = z.enum(['on', 'off'], 'must be on or off').transform((word) => word === 'on');

/** A whole number in a range, whose fault names the range. */
export function wholeNumber({ least, most }: { least: number; most: number }) {
  const message = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .refine((value) => value >= least && value <= most, message);
}

function pairs() {
  return z.string().transform((text, context) => {
    const entries = text.split(',').map((part): [string, string] => {
      const [, name, value] = /^([^=]+)=(.+)$/.exec(part.trim()) ?? [];
      if (name !== undefined && value !== undefined) return [name, value];
      context.addIssue({ code: 'custom', message: `"${part.trim()}" is not of the form name=value` });
      return ['', ''];
    });
    for (const name of repeated(entries.map(([name]) => name))) {
      context.addIssue({ code: 'custom', message: `${name} is named twice` });
    }
    return context.issues.length > 0 ? z.NEVER : entries;
  });
}

function repeated(names: readonly string[]): Set<string> {
  return new Set(names.filter((name, index) => name !== '' && names.indexOf(name) !== index));
}

interface Parsed {
  readonly error?: { readonly issues: readonly { readonly message: string }[] } | undefined;
}

function report(context: z.RefinementCtx, name: string, parsed: Parsed): void {
  for (const { message } of parsed.error?.issues ?? []) {
    context.addIssue({ code: 'custom', message: `${name} ${message}` });
  }
}

function faultOfStorageUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null) return `must be a URL such as file:///var/lib/atoll, not "${text}"`;
  const faultOf = FAULT_OF[url.protocol];
  return faultOf === undefined
    ? `must begin with file://, s3://, az:// or gs://, not ${url.protocol}//`
    : faultOf(text);
}

function faultOfFileUrl(text: string): string | undefined {
  const url = new URL(text);
  if (url.hostname !== '' || !isFolder(url)) {
    return `must name an absolute folder with three slashes, such as file:///var/lib/atoll, not "${text}"`;
  }
  return undefined;
}

function isFolder(url: URL): boolean {
  try {
    return isAbsolute(fileURLToPath(url)) && url.pathname !== '/' && url.search === '' && url.hash === '';
  } catch {
    return false;
  }
}
