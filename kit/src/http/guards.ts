import * as z from 'zod/v4';
import { list, type SettingsOf } from '../definitions/settings.js';
import type { HttpRequest, HttpResponse } from '../parts.js';
import { refuse } from './exchange.js';
import { isIP, networkOf } from './ip.js';

/** Looks at a request; an answer refuses it. */
export type Guard = (request: HttpRequest) => HttpResponse | undefined;

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Under which names the server is reached, and from which web pages. */
export const hostSettings = {
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  ALLOWED_HOSTS: list
    .refine((hosts) => hosts.every(isHostname), 'must be host names without a port')
    .default([]),
  ALLOWED_ORIGINS: list
    .refine((origins) => origins.every(isOrigin), 'must be like https://app.example.com, no path')
    .default([]),
};

export type HostSettings = SettingsOf<typeof hostSettings>;

/** Whether an address is one of this machine alone. */
export function isLocal(url: string): boolean {
  return LOOPBACK.includes(new URL(url).hostname);
}

/**
 * Refuses requests that were addressed to another host name: DNS rebinding. Loopback names, the host of `PUBLIC_URL`
 * and `ALLOWED_HOSTS` pass; ports do not matter.
 */
export function hostGuard({
  PUBLIC_URL,
  ALLOWED_HOSTS,
}: Pick<HostSettings, 'PUBLIC_URL' | 'ALLOWED_HOSTS'>): Guard {
  const allowed = new Set([...LOOPBACK, ...ALLOWED_HOSTS.map((host) => host.toLowerCase())]);
  if (PUBLIC_URL !== undefined) allowed.add(new URL(PUBLIC_URL).hostname);
  return (request) => {
    const host = hostname(request.headers.get('host'));
    if (host !== undefined && allowed.has(host)) return undefined;
    return refuse(403, 'This host name is not served here. See ALLOWED_HOSTS.');
  };
}

/** The same, but for IP addresses, which pass: they are nobody's name that could be bound to another address. */
export function addressGuard(config: HostSettings): Guard {
  const guard = hostGuard(config);
  return (request) => {
    const host = hostname(request.headers.get('host')) ?? '';
    return isIP(host.replace(/^\[|\]$/g, '')) ? undefined : guard(request);
  };
}

/**
 * Refuses browsers, except those on `ALLOWED_ORIGINS`: a web page must not reach a server behind its visitor's back.
 * Other clients send no Origin.
 */
export function originGuard({ ALLOWED_ORIGINS }: HostSettings): Guard {
  const allowed = new Set(ALLOWED_ORIGINS);
  return (request) => {
    const origin = request.headers.get('origin');
    if (origin === null || allowed.has(origin)) return undefined;
    return refuse(403, 'This origin is not allowed. See ALLOWED_ORIGINS.');
  };
}

/** Only these methods. */
export function methodGuard(methods: readonly string[]): Guard {
  const allow = [...methods, 'OPTIONS'].join(', ');
  return ({ method }) =>
    methods.includes(method) ? undefined : refuse(405, `Use ${methods.join(', ')}.`, { allow });
}

/** Only JSON in UTF-8, where there is a body. A browser needs a preflight for it, so a plain form cannot reach the server. */
export const contentTypeGuard: Guard = (request) => {
  if (request.method !== 'POST') return undefined;
  const type = request.headers.get('content-type') ?? '';
  if (/^application\/json(?:\s*;\s*charset="?utf-8"?)?$/i.test(type)) return undefined;
  return refuse(415, 'Send application/json in UTF-8.');
};

/** Whether a setting is a host name as the guard compares it: no port, no pattern. */
export function isHostname(text: string): boolean {
  return hostname(text) === text.toLowerCase() && !text.includes('*');
}

/** Whether a setting is an origin as browsers send it. */
export function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

/** The first refusal of several guards. */
export function firstRefusal(
  request: HttpRequest,
  guards: readonly Guard[],
): HttpResponse | undefined {
  for (const guard of guards) {
    const refusal = guard(request);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function hostname(host: string | null): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[^:@/\s]+)(?::\d{1,5})?$/i.exec(host ?? '');
  return match?.[1]?.toLowerCase();
}

const ALLOWED_HEADERS =
  'authorization, x-api-key, content-type, accept, mcp-protocol-version, mcp-method, mcp-name, mcp-session-id, last-event-id, x-request-id';

const EXPOSED_HEADERS = 'mcp-session-id, www-authenticate, retry-after, x-request-id';

/** Arguments of a tool that clients repeat in headers, for whoever routes the call: their names are the tool's. */
const PARAM_HEADER = /^mcp-param-[\w!#$%&'*+.^`|~-]+$/;

/** The answer to a browser's preflight. Its origin has passed the origin guard. */
export function preflight(request: HttpRequest, methods: readonly string[]): HttpResponse {
  const asked = request.headers.get('access-control-request-headers') ?? '';
  const names = asked.split(',').map((name) => name.trim().toLowerCase());
  const params = names.filter((name) => PARAM_HEADER.test(name));
  return {
    status: 204,
    headers: {
      'access-control-allow-methods': methods.join(', '),
      'access-control-allow-headers': [ALLOWED_HEADERS, ...params].join(', '),
      'access-control-max-age': '600',
    },
    body: null,
  };
}

/** Lets the allowed origin behind `request` read `answer`. */
export function withCors(request: HttpRequest, answer: HttpResponse): HttpResponse {
  const origin = request.headers.get('origin');
  if (origin === null) return answer;
  const { headers } = answer;
  headers['access-control-allow-origin'] = origin;
  headers['access-control-expose-headers'] = EXPOSED_HEADERS;
  headers.vary = 'origin';
  return answer;
}

/** Whether an address is one of our proxies; `hops` is how many stand between it and us. */
export type IsProxy = (address: string, hops: number) => boolean;

/** Parses `TRUST_PROXY`: how many proxies there are, or a comma list of their addresses and networks. */
export function parseTrustProxy(text: string, ctx: z.RefinementCtx): IsProxy {
  if (/^\d{1,2}$/.test(text)) return (_, hops) => hops < Number(text);
  const proxies = text.split(',').map((entry) => networkOf(entry.trim()));
  if (proxies.includes(undefined)) {
    ctx.addIssue('must be a number of proxies, or addresses like 10.0.0.1 and 10.0.0.0/8');
  }
  return (address) => proxies.some((network) => network?.(address));
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
    if (!isProxy?.(client, hops) || !isIP(next)) break;
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
