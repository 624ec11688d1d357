import { afterEach, describe, expect, test, vi } from 'vitest';
import { oauth } from '../../src/auth/oauth.js';
import { TestProvider } from '../../src/testing/identity-provider.js';
import { openPart } from '../support/app.js';

const provider = await new TestProvider().start();

function authenticator(changes: Record<string, string> = {}) {
  const env = { OAUTH_ISSUER: provider.url, PUBLIC_URL: 'http://localhost:3000', ...changes };
  return openPart(oauth(), env).authenticate;
}

const send = async (token: string, authenticate = authenticator()) =>
  await authenticate(new Headers({ authorization: `Bearer ${token}` }));

async function challengeFor(token: string, authenticate?: ReturnType<typeof authenticator>) {
  const caller = await send(token, authenticate);
  if (!('refusal' in caller)) throw new Error('was accepted');
  expect(caller.refusal.status).toBe(401);
  return caller.refusal.headers['www-authenticate'];
}

afterEach(() => {
  vi.useRealTimers();
});

test('a token of the provider says who is calling', async () => {
  const token = await provider.sign({ scope: 'notes:read *', roles: ['editor'] });
  expect(await send(token)).toMatchObject({
    principal: {
      id: 'alice',
      issuer: provider.url,
      subject: 'alice',
      scopes: ['notes:read'],
      roles: ['editor'],
    },
  });
});

describe('refuses with 401', () => {
  const now = Math.floor(Date.now() / 1000);

  test.each([
    ['a token for another server', () => provider.sign({ aud: 'https://other.example/mcp' })],
    ['a token for nobody', () => provider.sign({ aud: undefined })],
    ['a token of another issuer', () => provider.sign({ iss: 'https://evil.example' })],
    ['an expired token', () => provider.sign({ exp: now - 61 })],
    ['a token without a subject', () => provider.sign({ sub: undefined })],
    ['an ID token', () => provider.sign({}, 'JWT')],
    ['something else', async () => 'not-a-token'],
  ])('%s, and says where to sign in', async (_, makeToken) => {
    const challenge = await challengeFor(await makeToken());
    expect(challenge).toContain('error="invalid_token"');
    expect(challenge).toContain(
      'resource_metadata="http://localhost:3000/.well-known/oauth-protected-resource/mcp"',
    );
  });

  test('the tokens of another key', async () => {
    const stranger = await new TestProvider().start();
    await challengeFor(await stranger.sign({ iss: provider.url }));
  });
});

describe('the presets', () => {
  test.each([
    ['auth0', { permissions: ['notes:read'] }, 'JWT'],
    ['clerk', { scope: 'notes:read' }, 'at+jwt'],
    ['cognito', { client_id: 'me', token_use: 'access', scope: 'notes:read', aud: undefined }, ''],
    ['entra', { aud: 'me', scp: 'notes:read', azp: 'client' }, 'JWT'],
    ['keycloak', { scope: 'notes:read', typ: 'Bearer' }, 'JWT'],
    ['okta', { scp: ['notes:read'], cid: 'client' }, ''],
    ['workos', { permissions: ['notes:read'] }, 'JWT'],
  ])('%s', async (OAUTH_PROVIDER, claims, typ) => {
    const OAUTH_AUDIENCE = 'me,http://localhost:3000/mcp';
    const authenticate = authenticator({ OAUTH_PROVIDER, OAUTH_AUDIENCE });
    const caller = await send(await provider.sign(claims, typ), authenticate);
    expect(caller).toMatchObject({ principal: { scopes: ['notes:read'] } });
  });

  test.each([
    ['cognito', { client_id: 'me', token_use: 'id' }, ''],
    ['cognito', { client_id: 'other', token_use: 'access', aud: 'me' }, ''],
    ['entra', { aud: 'me', scp: 'notes:read' }, 'JWT'],
    ['keycloak', { typ: 'ID' }, 'JWT'],
    ['okta', {}, 'JWT'],
  ])('%s: another token of the same issuer is refused', async (OAUTH_PROVIDER, claims, typ) => {
    const authenticate = authenticator({ OAUTH_PROVIDER, OAUTH_AUDIENCE: 'me' });
    await challengeFor(await provider.sign(claims, typ), authenticate);
  });

  test('a prefix of the scopes is taken off, and the scopes of everyone are added', async () => {
    const authenticate = authenticator({
      OAUTH_SCOPE_PREFIX: 'api://notes/',
      OAUTH_DEFAULT_SCOPES: 'notes:list',
    });
    const token = await provider.sign({ scope: 'api://notes/notes:read api://notes/*' });
    expect(await send(token, authenticate)).toMatchObject({
      principal: { scopes: ['notes:read', 'notes:list'] },
    });
  });
});

describe('the provider', () => {
  test('is asked for its metadata and its keys once', async () => {
    const own = await new TestProvider().start();
    const authenticate = authenticator({ OAUTH_ISSUER: own.url });
    const tokens = [own.sign(), own.sign({ sub: 'bob' }), own.sign({ sub: 'carol' })];
    await Promise.all(tokens.map(async (token) => await send(await token, authenticate)));
    expect(own.asked).toBe(2);
  });

  test('of another name is refused', async () => {
    const liar = await new TestProvider().start();
    liar.issuer = 'https://evil.example';
    const authenticate = authenticator({ OAUTH_ISSUER: liar.url });
    expect(await send(await liar.sign(), authenticate)).toHaveProperty('refusal.status', 503);
  });

  test('that is away is a 503, and is soon not asked any more', async () => {
    const authenticate = authenticator({ OAUTH_ISSUER: 'http://127.0.0.1:1' });
    const token = await provider.sign({ iss: 'http://127.0.0.1:1' });
    for (let call = 0; call < 4; call += 1) {
      expect(await send(token, authenticate)).toHaveProperty('refusal.status', 503);
    }
    const started = performance.now();
    expect(await send(token, authenticate)).toHaveProperty('refusal.status', 503);
    expect(performance.now() - started).toBeLessThan(50);
  });
});

describe('does not start', () => {
  test.each([
    ['without PUBLIC_URL', { PUBLIC_URL: '' }, 'PUBLIC_URL'],
    ['without TLS', { PUBLIC_URL: 'http://mcp.example.com' }, 'PUBLIC_URL'],
    ['with an issuer without TLS', { OAUTH_ISSUER: 'http://login.example.com' }, 'OAUTH_ISSUER'],
    ['with an unknown provider', { OAUTH_PROVIDER: 'other' }, 'OAUTH_PROVIDER'],
    ['with a quote in the prefix', { OAUTH_SCOPE_PREFIX: 'api://"x"/' }, 'OAUTH_SCOPE_PREFIX'],
    ['with a line break in the prefix', { OAUTH_SCOPE_PREFIX: 'a\nb' }, 'OAUTH_SCOPE_PREFIX'],
    ['with a prefix beyond Latin-1', { OAUTH_SCOPE_PREFIX: 'Ω/' }, 'OAUTH_SCOPE_PREFIX'],
    ['with a first scope that is two', { OAUTH_FIRST_SCOPES: 'a b' }, 'OAUTH_FIRST_SCOPES'],
    ['with an odd default scope', { OAUTH_DEFAULT_SCOPES: 'a,bücher' }, 'OAUTH_DEFAULT_SCOPES'],
    ['without the audience of a provider', { OAUTH_PROVIDER: 'entra' }, 'OAUTH_AUDIENCE'],
  ])('%s', (_, env, name) => {
    expect(() => authenticator(env)).toThrow(name);
  });
});
