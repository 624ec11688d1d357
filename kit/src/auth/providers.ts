import type { ClaimNames } from './tokens.js';

/** How a provider's access tokens look; see docs/auth-providers.md. */
export interface Provider extends ClaimNames {
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
export const providers = {
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

export const providerNames = Object.keys(providers) as (keyof typeof providers)[];
