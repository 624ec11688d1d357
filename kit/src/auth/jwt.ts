import * as z from 'zod/v4';
import { ConfigError } from '../definitions/settings.js';
import type { AuthPart } from '../http/app.js';
import { createTokenAuthenticator, tokenSettings } from './token-authenticator.js';
import { principalFrom } from './token-principal.js';
import { isTrustedUrl, UNTRUSTED } from './trusted-url.js';
import { KEY_SOURCES, verificationKey, verificationSettings } from './verification-key.js';

const CLAIMS = { scopes: ['scope', 'scp'], roles: ['roles'] };

const settings = {
  ...tokenSettings,
  ...verificationSettings,
  JWT_ISSUER: z
    .string()
    .refine((text) => !/^http:/i.test(text) || isTrustedUrl(text), UNTRUSTED)
    .optional(),
  JWT_AUDIENCE: z.string().optional(),
};

/** Accepts tokens that were issued by `JWT_ISSUER` for `JWT_AUDIENCE`. */
export function jwt(): AuthPart<typeof settings> {
  return {
    kind: 'auth',
    settings,
    required: ['JWT_ISSUER', 'JWT_AUDIENCE', KEY_SOURCES],
    credentialHeaders: ['authorization'],
    open(env) {
      const { JWT_ISSUER, JWT_AUDIENCE } = env.config;
      if (JWT_ISSUER === undefined || JWT_AUDIENCE === undefined) {
        throw new ConfigError(['JWT_ISSUER, JWT_AUDIENCE: both are required']);
      }
      const { getKey, algorithms } = verificationKey(env.config);
      const authenticate = createTokenAuthenticator(env, {
        getKey,
        expected: { algorithms, issuer: JWT_ISSUER, audience: JWT_AUDIENCE },
        toPrincipal: ({ payload }) => principalFrom(payload, CLAIMS),
      });
      return { authenticate };
    },
  };
}
