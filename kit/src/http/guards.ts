import { isIP } from 'node:net';
import * as z from 'zod/v4';
import { list, type SettingsOf } from '../definitions/settings.js';
import { type Answer, type Incoming, refuse } from './exchange.js';

/** Looks at a request; an answer refuses it. */
export type Guard = (request: Incoming) => Answer | undefined;

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
    return isIP(host.replace(/^\[|\]$/g, '')) > 0 ? undefined : guard(request);
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
export function firstRefusal(request: Incoming, guards: readonly Guard[]): Answer | undefined {
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
