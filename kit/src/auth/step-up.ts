import type { AuthInfo, ScopeChallengeHandler } from '@modelcontextprotocol/server';
import type { Config } from '../settings.js';
import { missingScopes, type Principal } from '../calls/principal.js';
import { type ProtectedResource, protectedResource } from './protected-resource.js';
import { allScopes } from './scopes.js';

/** What the protocol library may know of a caller. The token itself is not part of it. */
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
export function stepUp(
  needed: readonly string[],
  principal: Principal,
  config: Config,
): ScopeChallengeHandler {
  return () => {
    if (missingScopes(principal, needed).length === 0) return undefined;
    const kept = allScopes.filter((scope) => principal.scopes.includes(scope));
    const { asRequested } = protectedResource(config);
    const [first = '', ...rest] = [...new Set([...kept, ...needed])].map(asRequested);
    return { scopes: [first, ...rest] };
  };
}
