import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { apiKeys } from '../../src/auth/api-keys.js';
import { jwt } from '../../src/auth/jwt.js';
import { oauth } from '../../src/auth/oauth.js';
import type { AuthPart } from '../../src/http/app.js';
import { TestProvider } from '../../src/testing/identity-provider.js';
import { openPart } from '../support/app.js';
import { jwtEnv, signToken } from '../support/credentials.js';

/** A way to authenticate, for the tests that hold for all of them. A new one needs an entry here. */
interface AuthFixture {
  readonly part: AuthPart;
  readonly env: Record<string, string>;
  /** Credentials of alice, who has the scope `notes:read` and the role `editor`. */
  credentials(): Promise<string>;
  /** Makes a token with these claims instead of right ones, where credentials are tokens. */
  readonly sign?: (changes?: Record<string, unknown>) => Promise<string>;
}

type SentHeaders = ConstructorParameters<typeof Headers>[0];

const KEY = 'b3Qz7LmT2xWq9KcV';
const provider = await new TestProvider().start();
const rights = { scope: 'notes:read', roles: ['editor'] };
const any = (part: object) => part as AuthPart;

const fixtures: Readonly<Record<string, AuthFixture>> = {
  apiKeys: {
    part: any(apiKeys()),
    env: { MCP_API_KEYS: `alice:${KEY}:notes:read role=editor` },
    credentials: async () => KEY,
  },
  jwt: {
    part: any(jwt()),
    env: jwtEnv,
    credentials: () => signToken(rights),
    sign: signToken,
  },
  oauth: {
    part: any(oauth()),
    env: { OAUTH_ISSUER: provider.url, PUBLIC_URL: 'http://localhost:3000' },
    credentials: () => provider.sign(rights),
    sign: (changes) => provider.sign(changes),
  },
};

async function send({ part, env }: AuthFixture, headers: SentHeaders) {
  return await openPart(part, env).authenticate(new Headers(headers), '203.0.113.7');
}

async function challengeFor(fixture: AuthFixture, headers: SentHeaders): Promise<string> {
  const caller = await send(fixture, headers);
  if (!('refusal' in caller)) throw new Error('was accepted');
  expect(caller.refusal.status).toBe(401);
  return caller.refusal.headers['www-authenticate'] ?? '';
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe.each(Object.entries(fixtures))('%s', (_, fixture) => {
  test('says who is calling, with which scopes and roles', async () => {
    expect(await send(fixture, bearer(await fixture.credentials()))).toMatchObject({
      principal: { id: 'alice', scopes: ['notes:read'], roles: ['editor'] },
    });
  });

  test('knows the same credentials each time', async () => {
    const { authenticate } = openPart(fixture.part, fixture.env);
    const headers = new Headers(bearer(await fixture.credentials()));
    for (let time = 0; time < 3; time += 1) {
      expect(await authenticate(headers)).toHaveProperty('principal.id', 'alice');
    }
  });

  test.each<[string, (right: string) => SentHeaders]>([
    ['no credentials', () => ({})],
    ['an empty header', () => ({ authorization: '' })],
    ['a cookie', (right) => ({ cookie: `authorization=${right}` })],
    ['another header', (right) => ({ 'x-access-token': right })],
  ])('asks a caller with %s for a bearer token, and calls no token wrong', async (_, headers) => {
    const challenge = await challengeFor(fixture, headers(await fixture.credentials()));
    expect(challenge).toMatch(/^Bearer/);
    expect(challenge).not.toContain('invalid_token');
  });

  test.each<[string, (right: string) => SentHeaders]>([
    ['basic authentication', (right) => ({ authorization: `Basic ${right}` })],
    [
      'two of them',
      (right) => [
        ['authorization', `Bearer ${right}`],
        ['authorization', `Bearer ${right}`],
      ],
    ],
    ['something else', () => bearer('not-a-token')],
    ['one that is cut', (right) => bearer(right.slice(0, -3))],
  ])('refuses %s with a challenge', async (_, headers) => {
    const challenge = await challengeFor(fixture, headers(await fixture.credentials()));
    expect(challenge).toMatch(/^Bearer/);
  });

  test('does not start over HTTP without its settings, and names them', () => {
    const required = fixture.part.required ?? [];
    expect(required).not.toEqual([]);
    for (const names of required) {
      const one = [names].flat();
      const env = { ...fixture.env, ...Object.fromEntries(one.map((name) => [name, ''])) };
      expect(() => openPart(fixture.part, env)).toThrow(one.join(', '));
    }
  });
});

const tokens = Object.entries(fixtures).flatMap(([name, fixture]) =>
  fixture.sign === undefined ? [] : [[name, { ...fixture, sign: fixture.sign }] as const],
);

describe.each(tokens)('%s refuses with 401', (_, { sign, ...fixture }) => {
  const now = Math.floor(Date.now() / 1000);

  test.each<[string, () => string | Promise<string>]>([
    ['an expired token', () => sign({ exp: now - 61 })],
    ['a token that never expires', () => sign({ exp: undefined })],
    ['a token that is not valid yet', () => sign({ nbf: now + 61 })],
    ['a token for someone else', () => sign({ aud: 'https://other.example/mcp' })],
    ['a token for nobody', () => sign({ aud: undefined })],
    ['a token of another issuer', () => sign({ iss: 'https://evil.example' })],
    ['a token without an issuer', () => sign({ iss: undefined })],
    ['a token without a subject', () => sign({ sub: undefined })],
    ['a token with an empty subject', () => sign({ sub: '' })],
    ['a subject that cannot be kept', () => sign({ sub: 'ali\ud800' })],
    ['an unsigned token', async () => new UnsecuredJWT(payloadOf(await sign())).encode()],
    ['a token that a stranger signed', async () => await signAsStranger(payloadOf(await sign()))],
    ['a token that is too long', () => sign({ padding: 'x'.repeat(10_000) })],
  ])('%s', async (_, makeToken) => {
    const challenge = await challengeFor(fixture, bearer(await makeToken()));
    expect(challenge).toContain('error="invalid_token"');
  });

  test('a scope that stands for all scopes counts for nothing', async () => {
    const token = await sign({ scope: 'notes:read *' });
    expect(await send(fixture, bearer(token))).toMatchObject({
      principal: { scopes: ['notes:read'] },
    });
  });
});

function payloadOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}

async function signAsStranger(claims: Record<string, unknown>): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256');
  const header = { alg: 'ES256', kid: 'k1', typ: 'at+jwt' };
  return await new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
}
