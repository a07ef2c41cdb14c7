import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

/** Which clients are sent to the store for a blob's bytes. */
export interface RedirectRule {
  readonly on: boolean;
  /** Addresses and CIDR ranges of clients for which it is the other way round. */
  readonly except: readonly string[];
}

const FORM = 'must be on, off, or one of them with clients left out, such as "on except 10.0.0.0/8,fd00::/8"';

/** `on`, `off`, `on except 10.0.0.0/8,fd00::/8`, `off except 203.0.113.0/24`. */
export const redirectRule = z.string().transform((text, context): RedirectRule => {
  const [, word, list] = /^(on|off)(?:\s+except\s+(\S.*))?$/.exec(text.trim()) ?? [];
  if (word === undefined) context.addIssue({ code: 'custom', message: FORM });
  const except = (list ?? '').split(/[\s,]+/).filter((range) => range !== '');
  for (const range of except) {
    if (!isRange(range))
      context.addIssue({ code: 'custom', message: `names "${range}", which is no address or CIDR range` });
  }
  return context.issues.length > 0 ? z.NEVER : { on: word === 'on', except };
});

/** Tells of a client's address, as its socket has it, whether that client is sent to the store. */
export function redirectsFor({ on, except }: RedirectRule): (address: string | undefined) => boolean {
  const others = new BlockList();
  for (const range of except) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) others.addAddress(address, family);
    else others.addSubnet(address, Number(bits), family);
  }
  if (except.length === 0) return () => on;
  // An address nobody knows may be any: its client is served here, which always works.
  return (address) => address !== undefined && on !== others.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function isRange(text: string): boolean {
  const [, address = '', bits = '0'] = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(bits) <= (family === 6 ? 128 : 32);
}
