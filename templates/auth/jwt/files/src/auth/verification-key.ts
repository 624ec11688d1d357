import { createPublicKey } from 'node:crypto';
import { createRemoteJWKSet, type JWTVerifyGetKey } from 'jose';
import { type Config, ConfigError } from '../config.js';

export interface VerificationKey {
  readonly getKey: JWTVerifyGetKey;
  /** The only algorithms that are accepted: a token must not choose how it is checked. */
  readonly algorithms: string[];
}

const MIN_SECRET_BYTES = 32;
const ALGORITHMS: Readonly<Record<string, string[]>> = {
  rsa: ['RS256', 'PS256'],
  ec: ['ES256'],
  ed25519: ['EdDSA'],
};

/** @throws {ConfigError} unless exactly one source of keys is configured, and it is a sound one. */
export function verificationKey(config: Config): VerificationKey {
  const { JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL } = config;
  const given = [JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL].filter((value) => value !== undefined);
  if (given.length !== 1) {
    throw new ConfigError(['JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL: set exactly one of them']);
  }
  if (JWT_SECRET !== undefined) return fromSecret(JWT_SECRET);
  if (JWT_PUBLIC_KEY !== undefined) return fromPublicKey(JWT_PUBLIC_KEY);
  return fromKeySet(new URL(String(JWT_JWKS_URL)));
}

function fromSecret(text: string): VerificationKey {
  const secret = new TextEncoder().encode(text);
  if (secret.length < MIN_SECRET_BYTES) {
    throw new ConfigError([`JWT_SECRET: needs at least ${MIN_SECRET_BYTES} bytes`]);
  }
  return { getKey: () => secret, algorithms: ['HS256'] };
}

function fromPublicKey(pem: string): VerificationKey {
  try {
    const key = createPublicKey(pem.replaceAll('\\n', '\n'));
    const algorithms = ALGORITHMS[key.asymmetricKeyType ?? ''];
    if (algorithms !== undefined) return { getKey: () => key, algorithms };
  } catch {
    // Said below, without the key.
  }
  throw new ConfigError(['JWT_PUBLIC_KEY: is not an RSA, EC or Ed25519 public key in PEM format']);
}

function fromKeySet(url: URL): VerificationKey {
  const local = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !local) {
    throw new ConfigError(['JWT_JWKS_URL: must be https, except on this machine']);
  }
  const getKey = createRemoteJWKSet(url, { timeoutDuration: 3_000 });
  return { getKey, algorithms: Object.values(ALGORITHMS).flat() };
}
