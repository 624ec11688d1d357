import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod/v4';
import { ConfigError, type SettingsOf } from '../definitions/settings.js';
import { secret } from '../http/weak-secret.js';
import { PUBLIC_KEY_ALGORITHMS } from './algorithms.js';
import { algorithmsOf, publicKey } from './public-key.js';
import type { tokenSettings } from './token-authenticator.js';
import { isTrustedUrl, UNTRUSTED } from './trusted-url.js';

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
