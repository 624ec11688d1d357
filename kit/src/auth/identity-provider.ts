import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';
import * as z from 'zod/v4';
import { cached, outbound } from '../outbound/outbound.js';
import { isTrustedUrl } from './tokens.js';

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
export function createIdentityProvider(issuer: string, cacheSeconds: number): IdentityProvider {
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
