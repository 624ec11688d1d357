import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAuthenticator } from '../src/auth/index.js';
import { loadConfig } from '../src/config.js';
import { credentials, signToken } from './support/credentials.js';
import { requiredEnv } from './support/env.js';

const { JWT_ISSUER, JWT_AUDIENCE } = credentials.env;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const publicKey = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const withoutKeys = { JWT_SECRET: '', JWT_PUBLIC_KEY: '', JWT_JWKS_URL: '' };

const authenticator = (env: Record<string, string> = {}) =>
  createAuthenticator(loadConfig({ ...requiredEnv, ...env }));

async function send(token: string, authenticate = authenticator()) {
  return await authenticate(new Headers({ authorization: `Bearer ${token}` }));
}

async function signWithRsa(): Promise<string> {
  return await new SignJWT({ sub: 'alice', scope: 'notes:read' })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuer(JWT_ISSUER)
    .setAudience(JWT_AUDIENCE)
    .setExpirationTime('1m')
    .sign(rsa.privateKey);
}

/** The address of a key set with the RSA key, on this machine. */
async function serveKeySet(): Promise<string> {
  const jwk = { ...(await exportJWK(rsa.publicKey)), kid: 'k1', alg: 'RS256' };
  const server = createServer((_, response) => response.end(JSON.stringify({ keys: [jwk] })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
}

describe('accepts', () => {
  test.each([
    ['scope', { scope: 'notes:read notes:write' }],
    ['scp', { scp: ['notes:read', 'notes:write'] }],
  ])('a token with its scopes in %s', async (_, claims) => {
    expect(await send(await signToken(claims))).toEqual({
      principal: { id: 'alice', scopes: ['notes:read', 'notes:write'] },
    });
  });

  test('a token that fits the public key', async () => {
    const authenticate = authenticator({ ...withoutKeys, JWT_PUBLIC_KEY: publicKey });
    expect(await send(await signWithRsa(), authenticate)).toHaveProperty('principal.id', 'alice');
  });

  test('a token that fits a key of the key set', async () => {
    const authenticate = authenticator({ ...withoutKeys, JWT_JWKS_URL: await serveKeySet() });
    expect(await send(await signWithRsa(), authenticate)).toHaveProperty('principal.id', 'alice');
  });
});

describe('refuses with 401', () => {
  const hour = 3_600;
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: JWT_ISSUER, aud: JWT_AUDIENCE, sub: 'alice', exp: now + hour };

  test.each([
    ['an expired token', () => signToken({ exp: now - hour })],
    ['a token that never expires', () => signToken({ exp: undefined })],
    ['a token that is not valid yet', () => signToken({ nbf: now + hour })],
    ['a token for someone else', () => signToken({ aud: 'other' })],
    ['a token for nobody', () => signToken({ aud: undefined })],
    ['a token of another issuer', () => signToken({ iss: 'https://evil.example' })],
    ['a token without a subject', () => signToken({ sub: undefined })],
    [
      'a token signed with another secret',
      () => signToken({}, 'another-secret-of-at-least-32-bytes'),
    ],
    ['an unsigned token', () => new UnsecuredJWT(claims).encode()],
    ['a token of another algorithm', () => signWithRsa()],
    ['something else', () => 'not-a-token'],
  ])('%s', async (_, makeToken) => {
    const caller = await send(await makeToken());
    if (!('refusal' in caller)) throw new Error('was accepted');
    expect(caller.refusal.status).toBe(401);
    expect(caller.refusal.headers.get('www-authenticate')).toContain('invalid_token');
  });

  test('a token that is signed with the public key as a secret', async () => {
    const authenticate = authenticator({ ...withoutKeys, JWT_PUBLIC_KEY: publicKey });
    const caller = await send(await signToken({}, publicKey), authenticate);
    expect(caller).toHaveProperty('refusal.status', 401);
  });

  test('a request without a token', async () => {
    const caller = await authenticator()(new Headers());
    expect(caller).toHaveProperty('refusal.status', 401);
  });
});

test('says 503 while the key set cannot be reached', async () => {
  const authenticate = authenticator({ ...withoutKeys, JWT_JWKS_URL: 'http://127.0.0.1:1/' });
  expect(await send(await signWithRsa(), authenticate)).toHaveProperty('refusal.status', 503);
});

describe('does not start with', () => {
  test.each([
    ['no key', withoutKeys],
    ['two sources of keys', { JWT_PUBLIC_KEY: publicKey }],
    ['a short secret', { JWT_SECRET: 'short' }],
    ['a broken public key', { ...withoutKeys, JWT_PUBLIC_KEY: 'broken' }],
    ['a key set without TLS', { ...withoutKeys, JWT_JWKS_URL: 'http://issuer.example/jwks' }],
  ])('%s', (_, env) => {
    expect(() => authenticator(env)).toThrow('JWT_');
  });
});
