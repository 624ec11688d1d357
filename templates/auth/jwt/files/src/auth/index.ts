import type { App } from '../app.js';
import { ConfigError } from '../config.js';
import type { Authenticator } from './authenticator.js';
import { createTokenAuthenticator } from './token-authenticator.js';
import { principalFrom } from './token-principal.js';
import { KEY_SOURCES, verificationKey } from './verification-key.js';

/** What the HTTP server does not start without. */
export const requiredSettings = ['JWT_ISSUER', 'JWT_AUDIENCE', KEY_SOURCES];

const CLAIMS = { scopes: ['scope', 'scp'], roles: ['roles'] };

/**
 * Accepts tokens that were issued by `JWT_ISSUER` for `JWT_AUDIENCE`.
 * @throws {ConfigError} when a setting is missing, or there are two sources of keys.
 */
export function createAuthenticator(app: Pick<App, 'config' | 'log' | 'metrics'>): Authenticator {
  const { JWT_ISSUER, JWT_AUDIENCE } = app.config;
  if (JWT_ISSUER === undefined || JWT_AUDIENCE === undefined) {
    throw new ConfigError(['JWT_ISSUER, JWT_AUDIENCE: both are required']);
  }
  const { getKey, algorithms } = verificationKey(app.config);
  return createTokenAuthenticator(app, {
    getKey,
    expected: { algorithms, issuer: JWT_ISSUER, audience: JWT_AUDIENCE },
    toPrincipal: ({ payload }) => principalFrom(payload, CLAIMS),
  });
}
