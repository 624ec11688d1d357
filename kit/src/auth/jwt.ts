import { createPublicKey, type KeyObject } from 'node:crypto';
import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod/v4';
import { ConfigError, type SettingsOf } from '../definitions/settings.js';
import { type AuthPart, secret } from '../http/app.js';
import {
  createTokenAuthenticator,
  isTrustedUrl,
  PUBLIC_KEY_ALGORITHMS,
  principalFrom,
  tokenSettings,
  UNTRUSTED,
} from './tokens.js';

const MIN_RSA_BITS = 2_048;
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/** Parses `JWT_PUBLIC_KEY`. A private key is refused, too: it has no place on a server that only checks. */
export const publicKey = z.string().transform((pem, ctx): KeyObject => {
  const key = parse(pem);
  if (key !== undefined && algorithmsOf(key).length > 0) return key;
  ctx.addIssue('is not a public key in PEM format (RSA from 2048 bits, EC or Ed25519)');
  return z.NEVER;
});

function parse(pem: string): KeyObject | undefined {
  try {
    return /PRIVATE/.test(pem) ? undefined : createPublicKey(pem.replaceAll('\\n', '\n'));
  } catch {
    return undefined;
  }
}

/** The algorithms that a public key can check. */
export function algorithmsOf(key: KeyObject): string[] {
  const { asymmetricKeyType, asymmetricKeyDetails = {} } = key;
  const { modulusLength = 0, namedCurve = '' } = asymmetricKeyDetails;
  switch (asymmetricKeyType) {
    case 'rsa':
      return modulusLength < MIN_RSA_BITS
        ? []
        : PUBLIC_KEY_ALGORITHMS.filter((name) => /^[RP]S/.test(name));
    case 'ec':
      return PUBLIC_KEY_ALGORITHMS.filter((name) => name === CURVES[namedCurve]);
    case 'ed25519':
      return PUBLIC_KEY_ALGORITHMS.filter((name) => name.startsWith('Ed'));
    default:
      return [];
  }
}

export interface VerificationKey {
  readonly getKey: JWTVerifyGetKey;
  readonly algorithms: string[];
}

/** Where the keys come from: one of these. */
export const verificationSettings = {
  JWT_SECRET: secret.optional(),
  JWT_JWKS_URL: z.string().refine(isTrustedUrl, UNTRUSTED).optional(),
  JWT_PUBLIC_KEY: publicKey.optional(),
};

type Settings = SettingsOf<typeof verificationSettings & typeof tokenSettings>;

/** The settings that say with which key tokens are checked. */
export const KEY_SOURCES = ['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWT_JWKS_URL'] as const;

/** @throws {ConfigError} unless exactly one source of keys is configured. */
export function verificationKey(config: Settings): VerificationKey {
  const { JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL } = config;
  const given = KEY_SOURCES.filter((name) => config[name] !== undefined);
  if (given.length !== 1) {
    throw new ConfigError([`${KEY_SOURCES.join(', ')}: set exactly one of them`]);
  }
  if (JWT_SECRET !== undefined) return fromSecret(JWT_SECRET);
  if (JWT_PUBLIC_KEY !== undefined) {
    return { getKey: () => JWT_PUBLIC_KEY, algorithms: algorithmsOf(JWT_PUBLIC_KEY) };
  }
  return fromKeySet(String(JWT_JWKS_URL), config.JWKS_CACHE_SECONDS);
}

function fromSecret(text: string): VerificationKey {
  const secret = new TextEncoder().encode(text);
  return { getKey: () => secret, algorithms: ['HS256'] };
}

/** Asks for the keys again when they are old or a token names an unknown one, but for the latter at most every 30 s. */
function fromKeySet(url: string, cacheSeconds: number): VerificationKey {
  const getKey = createRemoteJWKSet(new URL(url), {
    timeoutDuration: 3_000,
    cooldownDuration: 30_000,
    cacheMaxAge: cacheSeconds * 1_000,
  });
  return { getKey, algorithms: PUBLIC_KEY_ALGORITHMS };
}

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
