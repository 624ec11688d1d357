import { errors, type JWTPayload } from 'jose';
import { claimAt, type Principal } from '../definitions/principal.js';

const MAX_SUBJECT_LENGTH = 255;
/** What databases store as something else, or not at all: half a surrogate pair, and NUL. */
const NOT_STORABLE = /[\p{Surrogate}\0]/u;

/** Where an issuer writes what the caller may do; `a.b` is the claim `b` inside the claim `a`. */
export interface ClaimNames {
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
}

/**
 * The caller that a verified token speaks of.
 * @throws {errors.JWTClaimValidationFailed} when the subject is no text, not one that can be stored, empty or very long.
 */
export function principalFrom(claims: JWTPayload, names: ClaimNames): Principal {
  const { sub, iss } = claims;
  if (typeof sub !== 'string' || !isSubject(sub)) {
    throw new errors.JWTClaimValidationFailed('unexpected "sub" claim value', claims, 'sub');
  }
  const scopes = names.scopes.flatMap((name) => scopesOf(claimAt(claims, name)));
  const roles = names.roles.flatMap((name) => itemsOf(claimAt(claims, name)));
  return {
    id: sub,
    subject: sub,
    ...(iss !== undefined && { issuer: iss }),
    scopes: [...new Set(scopes)].filter((scope) => scope !== '*'),
    roles: [...new Set(roles)],
    claims,
  };
}

function isSubject(text: string): boolean {
  return text !== '' && text.length <= MAX_SUBJECT_LENGTH && !NOT_STORABLE.test(text);
}

/** The items of a list as they are: `["not admin"]` is one role. A text is a list of one. */
function itemsOf(claim: unknown): string[] {
  const items: unknown[] = [claim].flat();
  return items.filter((item) => typeof item === 'string').filter((item) => item !== '');
}

/** The same for scopes, where a text is a list of words (RFC 8693, section 4.2). */
function scopesOf(claim: unknown): string[] {
  return itemsOf(typeof claim === 'string' ? claim.split(' ') : claim);
}
