import {
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  type JWTVerifyResult,
  jwtVerify,
} from 'jose';
import { claimAt, type Principal } from '../definitions/definitions.js';
import { int } from '../definitions/settings.js';
import type { Host } from '../host/host.js';
import type { Authenticator, AuthResult } from '../http/app.js';
import { refuse } from '../http/exchange.js';
import type { PartEnv } from '../parts.js';
import { bearerToken, unauthorized } from './bearer.js';

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
  {
    config,
    host,
    log,
    metrics,
  }: Pick<PartEnv<typeof tokenSettings>, 'config' | 'host' | 'log' | 'metrics'>,
  { getKey, expected, toPrincipal, hints }: TokenRules,
): Authenticator {
  const options = {
    ...expected,
    requiredClaims: ['exp', 'sub'],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
  };
  const verified = new VerifiedTokens(config.TOKEN_CACHE_SECONDS, host);
  const remembered = 'Tokens that are remembered.';
  metrics.gauge('mcp_token_cache_entries', remembered, () => verified.size);
  const lookUps = metrics.counters(
    'mcp_token_cache_total',
    'Tokens that were remembered (hit) or had to be verified (miss).',
    'result',
    ['hit', 'miss'],
  );
  const invalid = (message: string) => unauthorized(message, 'invalid_token', hints);

  async function verify(token: string): Promise<AuthResult> {
    try {
      const result = await jwtVerify(token, getKey, options);
      const principal = toPrincipal(result);
      verified.add(token, principal, result.payload.exp ?? 0);
      return { principal };
    } catch (error) {
      return refusal(error);
    }
  }

  function refusal(error: unknown): AuthResult {
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

const MAX_TOKENS = 1_000;

interface Entry {
  readonly principal: Principal;
  /** By the clock on the wall, which may be set, as the issuer means it. */
  readonly expires: number;
  /** By a clock that nobody sets. */
  readonly until: number;
}

/**
 * Remembers for a short time who a token belongs to, so that its signature is not checked for every request. Holds hashes, never
 * tokens; an entry ends with its token.
 */
export class VerifiedTokens {
  readonly #entries = new Map<string, Entry>();

  /** With `seconds` 0 nothing is remembered: a revoked key or a changed secret counts at once. */
  constructor(
    private readonly seconds: number,
    private readonly host: Pick<Host, 'sha256'>,
  ) {}

  get size(): number {
    return this.#entries.size;
  }

  get(token: string): Principal | undefined {
    if (this.seconds === 0) return undefined;
    const entry = this.#entries.get(this.host.sha256(token, 'base64'));
    if (entry === undefined || Date.now() >= entry.expires) return undefined;
    return performance.now() < entry.until ? entry.principal : undefined;
  }

  /** `exp` is in seconds, as in the token. */
  add(token: string, principal: Principal, exp: number): void {
    if (this.seconds === 0 || exp * 1_000 <= Date.now()) return;
    if (this.#entries.size >= MAX_TOKENS) this.#forgetOldest();
    const until = performance.now() + this.seconds * 1_000;
    this.#entries.set(this.host.sha256(token, 'base64'), {
      principal,
      expires: exp * 1_000,
      until,
    });
  }

  #forgetOldest(): void {
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}

/** The algorithms for published keys. None of them takes a secret, so a public key cannot be passed off as one. */
export const PUBLIC_KEY_ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

export const UNTRUSTED = 'must be an https address, or http on this machine';

/** Whether what comes from this address can be trusted to come from there: TLS, or this machine itself. */
export function isTrustedUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname));
}
