import { errors, type JWTPayload, jwtVerify } from 'jose';
import type { Config } from '../config.js';
import { refuse } from '../http/json.js';
import type { Principal } from '../pipeline/principal.js';
import type { Authenticator } from './authenticator.js';
import { bearerToken, unauthorized } from './bearer.js';
import { verificationKey } from './verification-key.js';

const CLOCK_TOLERANCE_SECONDS = 30;

/**
 * Accepts JSON Web Tokens (RFC 7519) that were issued by `JWT_ISSUER` for `JWT_AUDIENCE`, have a subject and expire.
 * @throws {ConfigError} when the keys are not configured soundly.
 */
export function createAuthenticator(config: Config): Authenticator {
  const { getKey, algorithms } = verificationKey(config);
  const options = {
    algorithms,
    issuer: config.JWT_ISSUER,
    audience: config.JWT_AUDIENCE,
    requiredClaims: ['exp', 'sub'],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  };

  return async (headers) => {
    const token = bearerToken(headers);
    if (token === undefined) return unauthorized('Send a bearer token.');
    try {
      const { payload } = await jwtVerify(token, getKey, options);
      return { principal: toPrincipal(payload) };
    } catch (error) {
      if (error instanceof errors.JWTExpired) {
        return unauthorized('The token has expired.', 'invalid_token');
      }
      if (isAboutToken(error)) return unauthorized('The token is not valid.', 'invalid_token');
      return {
        refusal: refuse(503, 'Tokens cannot be checked right now.', { 'retry-after': '5' }),
      };
    }
  };
}

/** Everything that jose finds wrong with a token, as opposed to not reaching the keys. */
function isAboutToken(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false;
  return error instanceof errors.JOSEError && error.constructor !== errors.JOSEError;
}

/** Scopes are in `scope` (RFC 8693) or `scp`, as a list or separated by blanks. */
function toPrincipal({ sub = '', scope, scp }: JWTPayload): Principal {
  const scopes = [scope ?? scp ?? []].flat().flatMap((value) => String(value).split(' '));
  return { id: sub, scopes: scopes.filter((value) => value !== '' && value !== '*') };
}
