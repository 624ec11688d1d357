import { createPublicKey, type KeyObject } from 'node:crypto';
import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod/v4';
import { ConfigError, type SettingsOf } from '../definitions/settings.js';
import { weaknessOf } from '../http/weak-secret.js';
import { PUBLIC_KEY_ALGORITHMS } from './algorithms.js';
import type { tokenSettings } from './token-authenticator.js';
import { isTrustedUrl, UNTRUSTED } from './trusted-url.js';

export interface VerificationKey {
  readonly getKey: JWTVerifyGetKey;
  readonly algorithms: string[];
}

/** Where the keys come from: one of these. */
export const verificationSettings = {
  JWT_SECRET: z.string().optional(),
  JWT_JWKS_URL: z.string().refine(isTrustedUrl, UNTRUSTED).optional(),
  JWT_PUBLIC_KEY: z.string().optional(),
};

type Settings = SettingsOf<typeof verificationSettings & typeof tokenSettings>;

const MIN_RSA_BITS = 2_048;
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/** @throws {ConfigError} unless exactly one source of keys is configured, and it is a sound one. */
export function verificationKey(config: Settings): VerificationKey {
  const { JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL } = config;
  const given = [JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL].filter((value) => value !== undefined);
  if (given.length !== 1) {
    throw new ConfigError(['JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL: set exactly one of them']);
  }
  if (JWT_SECRET !== undefined) return fromSecret(JWT_SECRET);
  if (JWT_PUBLIC_KEY !== undefined) return fromPublicKey(JWT_PUBLIC_KEY);
  return fromKeySet(String(JWT_JWKS_URL), config.JWKS_CACHE_SECONDS);
}

function fromSecret(text: string): VerificationKey {
  const weakness = weaknessOf(text);
  if (weakness !== undefined) throw new ConfigError([`JWT_SECRET: ${weakness}`]);
  const secret = new TextEncoder().encode(text);
  return { getKey: () => secret, algorithms: ['HS256'] };
}

function fromPublicKey(pem: string): VerificationKey {
  const key = parsePublicKey(pem);
  const algorithms = key === undefined ? [] : algorithmsOf(key);
  if (key === undefined || algorithms.length === 0) {
    throw new ConfigError([
      'JWT_PUBLIC_KEY: is not a public key in PEM format (RSA from 2048 bits, EC or Ed25519)',
    ]);
  }
  return { getKey: () => key, algorithms };
}

/** A private key is refused too: it has no place on a server that only checks. */
function parsePublicKey(pem: string): KeyObject | undefined {
  try {
    return /PRIVATE/.test(pem) ? undefined : createPublicKey(pem.replaceAll('\\n', '\n'));
  } catch {
    return undefined;
  }
}

function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): string[] {
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

/** Asks for the keys again when they are old or a token names an unknown one, but for the latter at most every 30 s. */
function fromKeySet(url: string, cacheSeconds: number): VerificationKey {
  const getKey = createRemoteJWKSet(new URL(url), {
    timeoutDuration: 3_000,
    cooldownDuration: 30_000,
    cacheMaxAge: cacheSeconds * 1_000,
  });
  return { getKey, algorithms: PUBLIC_KEY_ALGORITHMS };
}
