import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyResult,
} from 'jose';
import * as z from 'zod/v4';
import { isScope, type Principal } from '../definitions/definitions.js';
import { ConfigError, list } from '../definitions/settings.js';
import type { AuthPart } from '../http/app.js';
import { firstRefusal, hostGuard, hostSettings } from '../http/guards.js';
import { cached, outbound } from '../outbound/outbound.js';
import type { HttpRequest, PartEnv } from '../parts.js';
import { authInfoOf, protectedResource, serveMetadata, stepUp } from './protected-resource.js';
import {
  type ClaimNames,
  createTokenAuthenticator,
  isTrustedUrl,
  PUBLIC_KEY_ALGORITHMS,
  principalFrom,
  tokenSettings,
  UNTRUSTED,
} from './tokens.js';

/** How a provider's access tokens look; see docs/auth-providers.md. */
interface Provider extends ClaimNames {
  /** The `typ` that access tokens have; an empty text stands for none. */
  readonly types: readonly string[];
  /** Claims that an ID token does not have, with their value where it is always the same. */
  readonly marks?: Readonly<Record<string, string | true>>;
  /** The claim that says who a token is for; everything but `aud` needs OAUTH_AUDIENCE. */
  readonly audience?: 'client_id';
  /** OAUTH_AUDIENCE must be set: tokens are never issued for the address of the server. */
  readonly ownAudience?: true;
}

const AT_JWT = 'at+jwt';

/** `generic` is the standard, RFC 9068; the others say only where they leave it. */
const providers = {
  generic: { types: [AT_JWT], scopes: ['scope', 'scp'], roles: ['roles'] },
  auth0: { types: [AT_JWT, 'jwt'], scopes: ['scope', 'permissions'], roles: ['roles'] },
  clerk: { types: [AT_JWT], scopes: ['scope', 'scp'], roles: [] },
  cognito: {
    types: [''],
    scopes: ['scope'],
    roles: ['cognito:groups'],
    marks: { token_use: 'access' },
    audience: 'client_id',
    ownAudience: true,
  },
  entra: {
    types: ['jwt'],
    scopes: ['scp'],
    roles: ['roles'],
    marks: { azp: true },
    ownAudience: true,
  },
  google: { types: ['jwt'], scopes: [], roles: [], ownAudience: true },
  keycloak: {
    types: [AT_JWT, 'jwt'],
    scopes: ['scope'],
    roles: ['realm_access.roles'],
    marks: { typ: 'Bearer' },
  },
  okta: { types: [AT_JWT, 'jwt', ''], scopes: ['scp'], roles: ['groups'], marks: { cid: true } },
  workos: {
    types: [AT_JWT, 'jwt', ''],
    scopes: ['scope', 'permissions'],
    roles: ['role', 'roles'],
  },
} as const satisfies Record<string, Provider>;

const providerNames = Object.keys(providers) as (keyof typeof providers)[];

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
      requireAccessToken(token, provider);
      requireAudience(audience, token.payload, provider);
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
    route(request: HttpRequest) {
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
function requireAccessToken({ payload, protectedHeader }: JWTVerifyResult, provider: Provider) {
  const type = protectedHeader.typ?.toLowerCase().replace(/^application\//, '') ?? '';
  if (!provider.types.includes(type)) throw claimError('typ', payload);
  for (const [claim, value] of Object.entries(provider.marks ?? {})) {
    const found = payload[claim];
    if (found === undefined || (value !== true && found !== value))
      throw claimError(claim, payload);
  }
}

function requireAudience(audience: readonly string[], payload: JWTPayload, provider: Provider) {
  const claim = provider.audience ?? 'aud';
  const found = [payload[claim]].flat();
  if (!audience.some((name) => found.includes(name))) throw claimError(claim, payload);
}

const claimError = (claim: string, payload: JWTPayload) =>
  new errors.JWTClaimValidationFailed(`unexpected "${claim}"`, payload, claim);

/** The issuer of the tokens. Nothing is asked before the first token comes, so the server starts without it. */
export interface IdentityProvider {
  /** Its key for a token. Rejects with an error that is not jose's when the provider cannot be reached. */
  readonly getKey: JWTVerifyGetKey;
  /** Rejects while its keys are not at hand. */
  check(): Promise<void>;
}

const DISCOVERY_TTL_MS = 3_600_000;
const JSON_TYPE = 'application/json';
const Metadata = z.object({ issuer: z.string(), jwks_uri: z.string().refine(isTrustedUrl) });

/** @param cacheSeconds how long its keys are kept */
function createIdentityProvider(issuer: string, cacheSeconds: number): IdentityProvider {
  const policy = outbound({ retries: 1, timeoutMs: 2_000, breakAfter: 6, pauseMs: 5_000 });

  /** A whole answer, in time. 5xx counts as a failure; every other answer is the caller's to judge. */
  const get = (url: string) =>
    policy.execute(async ({ signal }) => {
      const response = await fetch(url, {
        signal,
        redirect: 'error',
        headers: { accept: JSON_TYPE },
      });
      const { status } = response;
      if (status >= 500) throw new Error(`${url} answers ${status}`);
      return new Response((await response.text()) || null, { status });
    });

  const keySet = cached(DISCOVERY_TTL_MS, async () => {
    const { jwks_uri } = await discover(issuer, get);
    return createRemoteJWKSet(new URL(jwks_uri), {
      cooldownDuration: 30_000,
      cacheMaxAge: cacheSeconds * 1_000,
      [customFetch]: get,
    });
  });

  return {
    getKey: async (header, token) => (await keySet())(header, token),
    async check() {
      const keys = await keySet();
      if (!keys.fresh) await keys.reload();
    },
  };
}

/**
 * The provider's own description of itself, from the first well-known address that has one.
 * @throws {Error} when there is none, or it is of another issuer.
 * @see https://www.rfc-editor.org/rfc/rfc8414#section-3
 */
async function discover(issuer: string, get: (url: string) => Promise<Response>) {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const addresses = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  for (const address of new Set(addresses)) {
    const response = await get(address);
    if (!response.ok) continue;
    const metadata = Metadata.parse(await response.json());
    if (metadata.issuer === issuer) return metadata;
    throw new Error(`${address} is of the issuer ${metadata.issuer}, not of OAUTH_ISSUER`);
  }
  throw new Error(`${issuer} has no metadata at ${addresses.join(', ')}`);
}
