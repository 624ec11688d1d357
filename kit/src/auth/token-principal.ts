import { errors, type JWTPayload } from 'jose';
import type { Principal } from '../definitions/principal.js';

const MAX_SUBJECT_LENGTH = 255;

/** Where an issuer writes what the caller may do; `a.b` is the claim `b` inside the claim `a`. */
export interface ClaimNames {
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
}

/**
 * The caller that a verified token speaks of.
 * @throws {errors.JWTClaimValidationFailed} when the subject is no text, empty or very long.
 */
export function principalFrom(claims: JWTPayload, names: ClaimNames): Principal {
  const { sub, iss } = claims;
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_SUBJECT_LENGTH) {
    throw new errors.JWTClaimValidationFailed('unexpected "sub" claim value', claims, 'sub');
  }
  return {
    id: sub,
    subject: sub,
    ...(iss !== undefined && { issuer: iss }),
    scopes: words(claims, names.scopes).filter((scope) => scope !== '*'),
    roles: words(claims, names.roles),
    claims,
  };
}

/** All words of the named claims: lists, or text that is separated by blanks. */
function words(claims: JWTPayload, names: readonly string[]): string[] {
  const found = names
    .flatMap((name) => claimAt(claims, name))
    .filter((value) => typeof value === 'string')
    .flatMap((value) => value.split(' '))
    .filter((word) => word !== '');
  return [...new Set(found)];
}

function claimAt(claims: unknown, name: string): unknown {
  if (typeof claims !== 'object' || claims === null) return undefined;
  const found = Object.entries(claims).find(([key]) => key === name);
  if (found !== undefined) return found[1];
  const dot = name.indexOf('.');
  if (dot === -1) return undefined;
  const outer = Object.entries(claims).find(([key]) => key === name.slice(0, dot));
  return outer && claimAt(outer[1], name.slice(dot + 1));
}
