import { errors, type JWTPayload, type JWTVerifyResult } from 'jose';
import type { App } from '../calls/services.js';
import { type Config, ConfigError } from '../settings.js';
import { PUBLIC_KEY_ALGORITHMS } from './algorithms.js';
import type { Authenticator } from './authenticator.js';
import { protectedResource } from './protected-resource.js';
import { type Provider, providers } from './providers.js';
import { allScopes } from './scopes.js';
import { createTokenAuthenticator } from './token-authenticator.js';
import { principalFrom } from './token-principal.js';

/** What the HTTP server does not start without. */
export const requiredSettings = ['OAUTH_ISSUER', 'PUBLIC_URL'];

/**
 * Accepts access tokens that `OAUTH_ISSUER` issued for this server, and tells everyone else where to sign in.
 * @throws {ConfigError} when the settings do not fit the provider.
 */
export function createAuthenticator(
  app: Pick<App, 'config' | 'log' | 'metrics' | 'identityProvider'>,
): Authenticator {
  const { config, identityProvider } = app;
  const { OAUTH_SCOPE_PREFIX: prefix, OAUTH_DEFAULT_SCOPES, OAUTH_FIRST_SCOPES } = config;
  if (config.OAUTH_ISSUER === undefined) throw new ConfigError(['OAUTH_ISSUER: is required']);
  const provider: Provider = providers[config.OAUTH_PROVIDER];
  const resource = protectedResource(config);
  const audience = audienceOf(config, provider, resource.url);
  const first = OAUTH_FIRST_SCOPES.length > 0 ? OAUTH_FIRST_SCOPES : allScopes;
  const scope = first.map(resource.asRequested).join(' ');

  return createTokenAuthenticator(app, {
    getKey: identityProvider.getKey,
    expected: { algorithms: PUBLIC_KEY_ALGORITHMS, issuer: config.OAUTH_ISSUER },
    toPrincipal(token) {
      mustBeAccessToken(token, provider);
      mustBeFor(audience, token.payload, provider);
      const principal = principalFrom(token.payload, provider);
      const scopes = principal.scopes
        .map((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name))
        .filter((name) => name !== '*');
      return { ...principal, scopes: [...new Set([...scopes, ...OAUTH_DEFAULT_SCOPES])] };
    },
    hints: { resource_metadata: resource.metadataUrl, ...(scope && { scope }) },
  });
}

/** Who a token may be for: this server, unless the provider has another name for it. */
function audienceOf({ OAUTH_AUDIENCE }: Config, provider: Provider, url: string) {
  if (OAUTH_AUDIENCE.length > 0) return OAUTH_AUDIENCE;
  if (!provider.ownAudience) return [url];
  throw new ConfigError([
    'OAUTH_AUDIENCE: is required for this provider, see docs/auth-providers.md',
  ]);
}

/** An ID token or a session cookie of the same issuer is no access token. */
function mustBeAccessToken({ payload, protectedHeader }: JWTVerifyResult, provider: Provider) {
  const type = protectedHeader.typ?.toLowerCase().replace(/^application\//, '') ?? '';
  if (!provider.types.includes(type)) throw wrong('typ', payload);
  for (const [claim, value] of Object.entries(provider.marks ?? {})) {
    const found = payload[claim];
    if (found === undefined || (value !== true && found !== value)) throw wrong(claim, payload);
  }
}

function mustBeFor(audience: readonly string[], payload: JWTPayload, provider: Provider) {
  const claim = provider.audience ?? 'aud';
  const found = [payload[claim]].flat();
  if (!audience.some((name) => found.includes(name))) throw wrong(claim, payload);
}

const wrong = (claim: string, payload: JWTPayload) =>
  new errors.JWTClaimValidationFailed(`unexpected "${claim}"`, payload, claim);
