import type { AuthInfo } from '@modelcontextprotocol/server';
import type { StepUp } from '../calls/services.js';
import { missingScopes, type Principal } from '../definitions/definitions.js';
import { ConfigError } from '../definitions/settings.js';
import { json, refuse } from '../http/exchange.js';
import type { HttpResponse } from '../parts.js';
import { isTrustedUrl } from './tokens.js';

/** This server as OAuth clients see it. All addresses come from `PUBLIC_URL`, none from a request. */
export interface ProtectedResource {
  /** Its identifier: the address of the MCP endpoint. */
  readonly url: string;
  readonly metadataUrl: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Where the metadata is. */
  readonly paths: readonly string[];
  /** A scope as the provider calls it. */
  asRequested(scope: string): string;
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const HEADERS = { 'access-control-allow-origin': '*', 'cache-control': 'public, max-age=300' };

export interface ResourceOptions {
  readonly name: string;
  /** The address that clients sign in for, with or without `/mcp`. */
  readonly publicUrl: string | undefined;
  readonly issuer: string;
  /** Every scope that something needs. */
  readonly scopes: readonly string[];
  /** What the provider puts in front of them. */
  readonly prefix: string;
}

/** @throws {ConfigError} when `PUBLIC_URL` is missing or not safe. */
export function protectedResource(options: ResourceOptions): ProtectedResource {
  const { name, publicUrl = '', issuer, scopes, prefix } = options;
  if (!isTrustedUrl(publicUrl)) {
    throw new ConfigError([
      'PUBLIC_URL: must be the https address that clients sign in for, or http on this machine',
    ]);
  }
  const { origin, pathname } = new URL(publicUrl);
  const url = new URL(`${pathname.replace(/\/(?:mcp\/?)?$/, '')}/mcp`, origin);
  const metadataUrl = new URL(`${WELL_KNOWN}${url.pathname}`, origin);
  const asRequested = (scope: string) => `${prefix}${scope}`;
  return {
    url: url.href,
    metadataUrl: metadataUrl.href,
    paths: [WELL_KNOWN, `${WELL_KNOWN}/mcp`, metadataUrl.pathname],
    metadata: {
      resource: url.href,
      authorization_servers: [issuer],
      scopes_supported: scopes.map(asRequested),
      bearer_methods_supported: ['header'],
      resource_name: name,
    },
    asRequested,
  };
}

/**
 * Answers the well-known addresses, also to web pages of any origin: everything there is public. `undefined` for any other path.
 * @see https://www.rfc-editor.org/rfc/rfc9728#section-3
 */
export function serveMetadata(
  { metadata, paths }: ProtectedResource,
  method: string,
  path: string,
): HttpResponse | undefined {
  if (!paths.includes(path)) return undefined;
  if (method === 'GET' || method === 'HEAD') return json(200, metadata, HEADERS);
  if (method !== 'OPTIONS') return refuse(405, 'Use GET.', { allow: 'GET, HEAD, OPTIONS' });
  const allow = { 'access-control-allow-methods': 'GET', 'access-control-allow-headers': '*' };
  return { status: 204, headers: { ...HEADERS, ...allow }, body: null };
}

/** What the MCP SDK may know of a caller. The token itself is not part of it. */
export function authInfoOf(
  { id, scopes }: Principal,
  { metadataUrl }: ProtectedResource,
): AuthInfo {
  return { token: '', clientId: id, scopes: [...scopes], resourceMetadataUrl: metadataUrl };
}

/**
 * Refuses a call for which the caller lacks a scope with 403 and the scopes to sign in for: those that are needed and, so that
 * nothing is lost, those the caller has.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-3.1
 */
export function stepUp({ asRequested }: ProtectedResource, scopes: readonly string[]): StepUp {
  return (needed, principal) => () => {
    if (missingScopes(principal, needed).length === 0) return undefined;
    const kept = scopes.filter((scope) => principal.scopes.includes(scope));
    const [first = '', ...rest] = [...new Set([...kept, ...needed])].map(asRequested);
    return { scopes: [first, ...rest] };
  };
}
