import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, SignJWT } from 'jose';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { jwt } from '../../src/auth/jwt.js';
import type { Authenticator } from '../../src/http/app.js';
import { openPart, readSettings } from '../support/app.js';
import { jwtEnv, signToken } from '../support/credentials.js';

const { JWT_ISSUER, JWT_AUDIENCE } = jwtEnv;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const withoutKeys = { JWT_SECRET: '', JWT_PUBLIC_KEY: '', JWT_JWKS_URL: '' };

const authenticator = (env: Record<string, string> = {}) =>
  openPart(jwt(), { ...jwtEnv, ...env }).authenticate;

const send = async (token: string, authenticate = authenticator()) =>
  await authenticate(new Headers({ authorization: `Bearer ${token}` }));

const signWithRsa = (header: object = {}, key = rsa.privateKey) =>
  new SignJWT({ sub: 'alice', scope: 'notes:read' })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1', ...header })
    .setIssuer(JWT_ISSUER)
    .setAudience(JWT_AUDIENCE)
    .setExpirationTime('1h')
    .sign(key);

/** An issuer's key set on this machine; `keys` may change. */
async function serveKeySet(keys: { kid: string; key: KeyObject }[]) {
  let asked = 0;
  const server = createServer(async (_, response) => {
    asked += 1;
    const jwks = keys.map(async ({ kid, key }) => ({ ...(await exportJWK(key)), kid }));
    response.end(JSON.stringify({ keys: await Promise.all(jwks) }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const authenticate = authenticator({
    ...withoutKeys,
    JWT_JWKS_URL: `http://127.0.0.1:${port}/jwks.json`,
  });
  return { authenticate, timesAsked: () => asked };
}

async function expect401(token: string, authenticate?: Authenticator) {
  const caller = await send(token, authenticate);
  if (!('refusal' in caller)) throw new Error('was accepted');
  expect(caller.refusal.status).toBe(401);
  expect(caller.refusal.headers['www-authenticate']).toContain('error="invalid_token"');
}

afterEach(() => {
  vi.useRealTimers();
});

describe('accepts', () => {
  test.each([
    ['scope', { scope: 'notes:read notes:write' }],
    ['scp', { scp: ['notes:read', 'notes:write'] }],
  ])('a token with its scopes in %s', async (_, claims) => {
    expect(await send(await signToken(claims))).toMatchObject({
      principal: { id: 'alice', issuer: JWT_ISSUER, scopes: ['notes:read', 'notes:write'] },
    });
  });

  test('the roles of a token, but not a scope that stands for all scopes', async () => {
    const token = await signToken({ roles: ['editor'], scope: '*' });
    expect(await send(token)).toMatchObject({ principal: { roles: ['editor'], scopes: [] } });
  });

  test('a token that fits the public key', async () => {
    const authenticate = authenticator({ ...withoutKeys, JWT_PUBLIC_KEY: pem(rsa.publicKey) });
    expect(await send(await signWithRsa(), authenticate)).toHaveProperty('principal.id', 'alice');
  });
});

describe('refuses with 401', () => {
  test.each([
    ['another secret', () => signToken({}, 'kT3vXw9-mQ7pLz2RbNc5YhJd8FgSa4Ue')],
    ['a token of another algorithm', () => signWithRsa()],
  ])('%s', async (_, makeToken) => {
    await expect401(await makeToken());
  });

  test('a token that is signed with the public key as a secret', async () => {
    const publicKey = pem(rsa.publicKey);
    const authenticate = authenticator({ ...withoutKeys, JWT_PUBLIC_KEY: publicKey });
    await expect401(await signToken({}, publicKey), authenticate);
  });

  test('a request without a token, with two, or with one in another place', async () => {
    const token = await signToken();
    for (const headers of [
      new Headers(),
      new Headers([
        ['authorization', `Bearer ${token}`],
        ['authorization', `Bearer ${token}`],
      ]),
      new Headers({ 'x-access-token': token }),
    ]) {
      expect(await authenticator()(headers)).toHaveProperty('refusal.status', 401);
    }
  });
});

describe('a key set', () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 });

  test('follows rotation, and a removed key counts no more', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] });
    const keys = [{ kid: 'k1', key: rsa.publicKey }];
    const { authenticate } = await serveKeySet(keys);
    const old = await signWithRsa();
    expect(await send(old, authenticate)).toHaveProperty('principal');
    keys.splice(0, 1, { kid: 'k2', key: other.publicKey });
    vi.advanceTimersByTime(61_000);
    const renewed = await signWithRsa({ kid: 'k2' }, other.privateKey);
    expect(await send(renewed, authenticate)).toHaveProperty('principal');
    await expect401(old, authenticate);
  });

  test('is not asked again for every unknown key', async () => {
    const { authenticate, timesAsked } = await serveKeySet([{ kid: 'k1', key: rsa.publicKey }]);
    for (const kid of ['a', '../../etc/passwd', "' OR 1=1 --", '__proto__']) {
      await expect401(await signWithRsa({ kid }, other.privateKey), authenticate);
    }
    expect(timesAsked()).toBe(1);
  });

  test('is never taken from the token', async () => {
    const { authenticate } = await serveKeySet([{ kid: 'k1', key: rsa.publicKey }]);
    const jwk = await exportJWK(other.publicKey);
    await expect401(
      await signWithRsa({ jwk, jku: 'https://evil.example/jwks' }, other.privateKey),
      authenticate,
    );
  });

  test('that cannot be reached is a 503', async () => {
    const authenticate = authenticator({ ...withoutKeys, JWT_JWKS_URL: 'http://127.0.0.1:1/' });
    expect(await send(await signWithRsa(), authenticate)).toHaveProperty('refusal.status', 503);
  });
});

test('a token is remembered until it expires, and never longer', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const now = Math.floor(Date.now() / 1000);
  const authenticate = authenticator();
  const token = await signToken({ exp: now + 5 });
  const first = await send(token, authenticate);
  const second = await send(token, authenticate);
  expect('principal' in first && 'principal' in second && first.principal).toBe(
    'principal' in second && second.principal,
  );
  vi.setSystemTime((now + 66) * 1_000);
  await expect401(token, authenticate);
});

describe('does not start with', () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 });

  test.each([
    ['no key', withoutKeys],
    ['two sources of keys', { JWT_PUBLIC_KEY: pem(rsa.publicKey) }],
    ['a short secret', { JWT_SECRET: 'kT3vXw9-mQ7pLz2RbNc5YhJd8FgSa4U' }],
    ['a secret of one character', { JWT_SECRET: 'a'.repeat(64) }],
    ['a placeholder', { JWT_SECRET: 'changeme-changeme-changeme-changeme-1' }],
    ['a broken public key', { ...withoutKeys, JWT_PUBLIC_KEY: 'broken' }],
    ['a public key that is too small', { ...withoutKeys, JWT_PUBLIC_KEY: pem(small.publicKey) }],
    ['a key set without TLS', { ...withoutKeys, JWT_JWKS_URL: 'http://issuer.example/jwks' }],
    ['an issuer without TLS', { JWT_ISSUER: 'http://issuer.example' }],
  ])('%s', (_, env) => {
    expect(() => authenticator(env)).toThrow('JWT_');
  });
});

test('what is wrong with the keys is named together with everything else', () => {
  const env = { ...jwtEnv, JWT_ISSUER: '', TOOL_TIMEOUT_MS: '-1' };
  const load = (changes: Record<string, string>) => readSettings(jwt(), { ...env, ...changes });
  const sources = 'JWT_SECRET, JWT_PUBLIC_KEY, JWT_JWKS_URL: set exactly one of them';
  for (const [changes, problem] of [
    [withoutKeys, sources],
    [{ JWT_PUBLIC_KEY: pem(rsa.publicKey) }, sources],
    [{ JWT_SECRET: 'a'.repeat(64) }, 'JWT_SECRET: '],
    [{ ...withoutKeys, JWT_PUBLIC_KEY: 'broken' }, 'JWT_PUBLIC_KEY: '],
  ] as const) {
    for (const part of [problem, 'JWT_ISSUER: is required', 'TOOL_TIMEOUT_MS: ']) {
      expect(() => load(changes)).toThrow(part);
    }
  }
});
