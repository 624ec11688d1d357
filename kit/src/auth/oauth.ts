import { errors, type JWTPayload, type JWTVerifyResult } from 'jose';
import * as z from 'zod/v4';
import type { Principal } from '../definitions/principal.js';
import { isScope } from '../definitions/principal.js';
import { ConfigError, list } from '../definitions/settings.js';
import type { AuthPart } from '../http/app.js';
import type { Incoming } from '../http/exchange.js';
import { firstRefusal, hostGuard, hostSettings } from '../http/guards.js';
import type { PartEnv } from '../parts.js';
import { createIdentityProvider } from './identity-provider.js';
import { authInfoOf, protectedResource, serveMetadata, stepUp } from './protected-resource.js';
import { type Provider, providerNames, providers } from './providers.js';
import {
  createTokenAuthenticator,
  isTrustedUrl,
  PUBLIC_KEY_ALGORITHMS,
  principalFrom,
  tokenSettings,
  UNTRUSTED,
} from './tokens.js';

const NO_SCOPE = 'must be ASCII without blanks, " and \\';
const scopeList = list.refine((all) => all.every(isScope), NO_SCOPE);

const settings = {
  ...tokenSettings,
  ...hostSettings,
  OAUTH_ISSUER: z.string().refine(isTrustedUrl, UNTRUSTED).optional(),
  OAUTH_PROVIDER: z.enum(providerNames).default('generic'),
  OAUTH_AUDIENCE: list.default([]),
  OAUTH_SCOPE_PREFIX: z.string().refine(isScope, NO_SCOPE).default(''),
  OAUTH_FIRST_SCOPES: scopeList.default([]),
  OAUTH_DEFAULT_SCOPES: scopeList.default([]),
};

/** Accepts access tokens that `OAUTH_ISSUER` issued for this server, and tells everyone else where to sign in. */
export function oauth(): AuthPart<typeof settings, ReturnType<typeof openOAuth>> {
  return {
    kind: 'auth',
    name: 'identityProvider',
    settings,
    required: ['OAUTH_ISSUER', 'PUBLIC_URL'],
    carriesRole: (role, { OAUTH_PROVIDER }) =>
      role !== '' && providers[OAUTH_PROVIDER].roles.length > 0,
    credentialHeaders: ['authorization'],
    open: openOAuth,
    check: ({ identityProvider }) => identityProvider.check(),
  };
}

/** @throws {ConfigError} when the settings do not fit the provider. */
function openOAuth(env: PartEnv<typeof settings>) {
  const { about, config, definitions } = env;
  const { OAUTH_ISSUER: issuer, OAUTH_SCOPE_PREFIX: prefix, PUBLIC_URL: publicUrl } = config;
  if (issuer === undefined) throw new ConfigError(['OAUTH_ISSUER: is required']);
  const { scopes } = definitions;
  const provider: Provider = providers[config.OAUTH_PROVIDER];
  const resource = protectedResource({ name: about.name, publicUrl, issuer, scopes, prefix });
  const audience = audienceOf(config.OAUTH_AUDIENCE, provider, resource.url);
  const first = config.OAUTH_FIRST_SCOPES.length > 0 ? config.OAUTH_FIRST_SCOPES : scopes;
  const scope = first.map(resource.asRequested).join(' ');
  const identityProvider = createIdentityProvider(issuer, config.JWKS_CACHE_SECONDS);
  const guards = [hostGuard(config)];

  const authenticate = createTokenAuthenticator(env, {
    getKey: identityProvider.getKey,
    expected: { algorithms: PUBLIC_KEY_ALGORITHMS, issuer },
    toPrincipal(token) {
      mustBeAccessToken(token, provider);
      mustBeFor(audience, token.payload, provider);
      const principal = principalFrom(token.payload, provider);
      const granted = principal.scopes
        .map((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : name))
        .filter((name) => name !== '*');
      return { ...principal, scopes: [...new Set([...granted, ...config.OAUTH_DEFAULT_SCOPES])] };
    },
    hints: { resource_metadata: resource.metadataUrl, ...(scope && { scope }) },
  });
  return {
    authenticate,
    identityProvider,
    stepUp: stepUp(resource, scopes),
    authInfo: (principal: Principal) => authInfoOf(principal, resource),
    paths: resource.paths,
    route(request: Incoming) {
      const metadata = serveMetadata(resource, request.method, request.path);
      return metadata && (firstRefusal(request, guards) ?? metadata);
    },
  };
}

/** Who a token may be for: this server, unless the provider has another name for it. */
function audienceOf(configured: readonly string[], provider: Provider, url: string) {
  if (configured.length > 0) return configured;
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
