import {
  errors,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose';
import type { Principal } from '../definitions/principal.js';
import { int } from '../definitions/settings.js';
import type { Authenticator, Caller } from '../http/authenticator.js';
import { refuse } from '../http/exchange.js';
import type { PartEnv } from '../parts.js';
import { bearerToken, unauthorized } from './bearer.js';
import { VerifiedTokens } from './verified-tokens.js';

const MAX_TOKEN_LENGTH = 8_192;
const CLOCK_TOLERANCE_SECONDS = 30;

export const tokenSettings = {
  TOKEN_CACHE_SECONDS: int(0, 60).default(60),
  JWKS_CACHE_SECONDS: int(1, 86_400).default(300),
};

export interface TokenRules {
  readonly getKey: JWTVerifyGetKey;
  /** A token must not choose how it is checked. */
  readonly expected: JWTVerifyOptions & Required<Pick<JWTVerifyOptions, 'algorithms' | 'issuer'>>;
  /** @throws {errors.JWTClaimValidationFailed} when a claim is missing or wrong. */
  toPrincipal(token: JWTVerifyResult): Principal;
  /** Parameters of the challenge that comes with a 401. */
  readonly hints?: Readonly<Record<string, string>>;
}

/**
 * Accepts JSON Web Tokens in `Authorization: Bearer <token>` whose signature, issuer and audience are as expected, that have
 * expired at most moments ago and have a subject. Key hints inside a token (`jku`, `jwk`, `x5u`, `x5c`) are ignored.
 * @see https://www.rfc-editor.org/rfc/rfc8725
 */
export function createTokenAuthenticator(
  { config, log, metrics }: Pick<PartEnv<typeof tokenSettings>, 'config' | 'log' | 'metrics'>,
  { getKey, expected, toPrincipal, hints }: TokenRules,
): Authenticator {
  const options = {
    ...expected,
    requiredClaims: ['exp', 'sub'],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  };
  const verified = new VerifiedTokens(config.TOKEN_CACHE_SECONDS);
  const remembered = 'Tokens that are remembered.';
  metrics.gauge('mcp_token_cache_entries', remembered, () => verified.size);
  const lookUps = metrics.counters(
    'mcp_token_cache_total',
    'Tokens that were remembered (hit) or had to be verified (miss).',
    'result',
    ['hit', 'miss'],
  );
  const invalid = (message: string) => unauthorized(message, 'invalid_token', hints);

  async function verify(token: string): Promise<Caller> {
    try {
      const result = await jwtVerify(token, getKey, options);
      const principal = toPrincipal(result);
      verified.add(token, principal, result.payload.exp ?? 0);
      return { principal };
    } catch (error) {
      return refusal(error);
    }
  }

  function refusal(error: unknown): Caller {
    if (error instanceof errors.JWTExpired) return invalid('The token has expired.');
    if (isAboutToken(error)) return invalid('The token is not valid.');
    log.warn({ err: error }, 'tokens cannot be checked');
    return { refusal: refuse(503, 'Tokens cannot be checked right now.', { 'retry-after': '5' }) };
  }

  return (headers) => {
    const token = bearerToken(headers);
    if (token === undefined) return unauthorized('Send a bearer token.', undefined, hints);
    if (token.length > MAX_TOKEN_LENGTH) return invalid('The token is too long.');
    const known = verified.get(token);
    lookUps[known === undefined ? 'miss' : 'hit'].inc();
    return known === undefined ? verify(token) : { principal: known };
  };
}

/** Everything that jose finds wrong with a token, as opposed to not reaching the keys. */
function isAboutToken(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return false;
  return error instanceof errors.JOSEError && error.constructor !== errors.JOSEError;
}
