import { createPublicKey, type KeyObject } from 'node:crypto';
import * as z from 'zod/v4';
import { PUBLIC_KEY_ALGORITHMS } from './algorithms.js';

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
