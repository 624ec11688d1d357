import type { AuthInfo } from '@modelcontextprotocol/server';
import type { StepUp } from '../calls/services.js';
import { missingScopes, type Principal } from '../definitions/principal.js';
import type { ProtectedResource } from './protected-resource.js';

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
export function stepUp({ asRequested }: ProtectedResource, scopes: readonly string[]): StepUp {
  return (needed, principal) => () => {
    if (missingScopes(principal, needed).length === 0) return undefined;
    const kept = scopes.filter((scope) => principal.scopes.includes(scope));
    const [first = '', ...rest] = [...new Set([...kept, ...needed])].map(asRequested);
    return { scopes: [first, ...rest] };
  };
}
