import { lookup } from 'node:dns';
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net';
import { DENIED_CODE } from './http-failure.ts';
import { sharedLookup } from './shared-lookup.ts';

/** What networks without IPv4 put before an IPv4 address: RFC 6052. */
const TRANSLATION_PREFIX = /^64:ff9b::(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/i;

export interface AddressGuard {
  /** Whether a URL's host is an address that is denied; names are looked at when they are resolved. */
  denies(hostname: string): boolean;
  /** Resolves a name, and fails where any of its addresses is denied: what is checked is what is connected to. */
  readonly lookup: LookupFunction;
}

/** Keeps requests away from blocks of addresses, each `address/bits`. Names are resolved by `resolve`, each once at a time. */
export function createAddressGuard(blocks: readonly string[], resolve: LookupFunction = lookup): AddressGuard {
  const shared = sharedLookup(resolve);
  const denied = new BlockList();
  for (const block of blocks) {
    const [address = '', bits = ''] = block.split('/');
    denied.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6');
  }

  function denies(hostname: string): boolean {
    const address = translated(hostname.replace(/^\[|\]$/g, ''));
    if (isIP(address) === 0) return false;
    return denied.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
  }

  return {
    denies,
    lookup: (hostname, options, callback) => {
      shared(hostname, options, (error, address, family) => {
        const found = Array.isArray(address) ? address.map((one) => one.address) : [address];
        const refused = error === null && found.some(denies);
        callback(refused ? Object.assign(new Error('denied'), { code: DENIED_CODE }) : error, address, family);
      });
    },
  };
}

/** The IPv4 address that a translating network reaches under this one, or the address itself. */
function translated(address: string): string {
  const found = TRANSLATION_PREFIX.exec(address);
  if (found === null) return address;
  const [high, low] = [found[1] ?? '0', found[2] ?? '0'].map((part) => Number.parseInt(part, 16));
  return [high, low].flatMap((part = 0) => [part >> 8, part & 255]).join('.');
}
