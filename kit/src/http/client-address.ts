import { BlockList, isIP, isIPv6 } from 'node:net';
import type * as z from 'zod/v4';

/** Whether an address is one of our proxies; `hops` is how many stand between it and us. */
export type IsProxy = (address: string, hops: number) => boolean;

/** Parses `TRUST_PROXY`: how many proxies there are, or a comma list of their addresses and networks. */
export function parseTrustProxy(text: string, ctx: z.RefinementCtx): IsProxy {
  if (/^\d{1,2}$/.test(text)) return (_, hops) => hops < Number(text);
  const proxies = new BlockList();
  for (const entry of text.split(',').map((item) => item.trim())) {
    const [address = '', bits] = entry.split('/');
    const type = isIPv6(address) ? 'ipv6' : 'ipv4';
    try {
      if (bits === undefined) proxies.addAddress(address, type);
      else proxies.addSubnet(address, Number(bits || Number.NaN), type);
    } catch {
      ctx.addIssue('must be a number of proxies, or addresses like 10.0.0.1 and 10.0.0.0/8');
    }
  }
  return (address) => proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/**
 * Whose request it is: the sender's address or, when the sender is one of our proxies, the one that it names. What the
 * client itself writes into `X-Forwarded-For` is left of what our proxies add, and so never counts.
 * @returns the address, of IPv6 the network (/64), which is what one customer gets.
 */
export function clientAddress(sender: string, forwardedFor: string | null, isProxy?: IsProxy) {
  const claimed = isProxy ? (forwardedFor ?? '').split(',').reverse() : [];
  let client = plain(sender);
  for (const [hops, claim] of claimed.entries()) {
    const next = plain(claim);
    if (!isProxy?.(client, hops) || isIP(next) === 0) break;
    client = next;
  }
  return client.includes(':') ? network(client) : client;
}

/** Without port, brackets, zone and the IPv6 form of an IPv4 address. */
function plain(text: string): string {
  if (/^[\d.]+$/.test(text)) return text;
  const [, withPort] =
    /^\[(.+)\](?::\d+)?$|^([\d.]+):\d+$/.exec(text.trim())?.filter(Boolean) ?? [];
  return (withPort ?? text.trim()).replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
}

function network(address: string): string {
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const rest = tail === undefined ? [] : tail.split(':').filter((group) => group !== '');
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => '0');
  const all = [...groups, ...zeros, ...rest].slice(0, 4);
  return `${all.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
