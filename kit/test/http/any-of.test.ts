import { describe, expect, test } from 'vitest';
import { apiKeys } from '../../src/auth/api-keys.js';
import { jwt } from '../../src/auth/jwt.js';
import { oauth } from '../../src/auth/oauth.js';
import type { AuthResult, OpenAuth } from '../../src/http/app.js';
import { anyOf } from '../../src/http/callers.js';
import { refuse } from '../../src/http/exchange.js';
import { createHttpHandler } from '../../src/http/handler.js';
import { connectTo, eras } from '../../src/testing/client.js';
import { TestProvider } from '../../src/testing/identity-provider.js';
import { createTestApp, testEnv } from '../support/app.js';
import { credentials, jwtEnv, signToken } from '../support/credentials.js';

const provider = await new TestProvider().start();
const oauthEnv = { OAUTH_ISSUER: provider.url, PUBLIC_URL: 'http://localhost:3000' };
const away = { OAUTH_ISSUER: 'http://127.0.0.1:1' };
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** A server with several ways to authenticate, and what it answers to `tools/list`. */
async function serve(auth: readonly object[], env: Record<string, string> = {}) {
  const app = await createTestApp({ ...jwtEnv, ...oauthEnv, ...env }, { parts: { auth } });
  const { fetch } = createHttpHandler(app);
  const list = (headers: Record<string, string>) =>
    fetch(
      new Request('http://localhost/mcp', {
        method: 'POST',
        headers: {
          host: 'localhost',
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          ...headers,
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
      }),
    );
  return { app, fetch, list };
}

describe('API keys and tokens at one endpoint', () => {
  test.each(eras)('let in callers with either: %s', async (era) => {
    const { fetch } = await serve([apiKeys(), jwt()]);
    const { authorization } = credentials.headers;
    const key = authorization.replace('Bearer ', '');
    const allScopes = { scope: 'notes:read notes:write' };
    for (const headers of [
      credentials.headers,
      { 'x-api-key': key },
      bearer(await signToken(allScopes)),
    ]) {
      const client = await connectTo(fetch, era, headers);
      const { content } = await client.callTool({ name: 'list_notes', arguments: {} });
      expect(content).toMatchObject([{ text: '{"notes":[]}' }]);
    }
  });

  test('tell who it is, each by its own rules', async () => {
    const { app } = await serve([apiKeys(), jwt()]);
    const who = async (headers: Record<string, string>) =>
      await app.auth.authenticate(new Headers(headers), '203.0.113.7');
    expect(await who(credentials.headers)).toMatchObject({ principal: { id: 'test' } });
    expect(await who(bearer(await signToken({ scope: 'notes:read' })))).toMatchObject({
      principal: { id: 'alice', issuer: 'https://issuer', scopes: ['notes:read'] },
    });
  });

  test('refuse who has neither, and count that', async () => {
    const { app, list } = await serve([apiKeys(), jwt()]);
    const now = Math.floor(Date.now() / 1000);
    for (const headers of [
      {},
      bearer('neither-a-key-nor-a-token'),
      bearer(await signToken({ exp: now - 61 })),
      bearer(await signToken({}, 'kT3vXw9-mQ7pLz2RbNc5YhJd8FgSa4Ue')),
      { 'x-api-key': await signToken() },
    ]) {
      const refused = await list(headers);
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
    const text = app.metrics.registry.text();
    expect(text).toContain('mcp_auth_failures_total{reason="missing"} 1\n');
    expect(text).toContain('mcp_auth_failures_total{reason="invalid"} 4\n');
  });

  test('let an address wait that guesses either', async () => {
    const { list } = await serve([apiKeys(), jwt()], { RATE_LIMIT_PER_MINUTE: '2' });
    const statuses: number[] = [];
    for (const guess of ['a', 'b', 'c']) statuses.push((await list(bearer(guess))).status);
    expect(statuses).toEqual([401, 401, 429]);
  });

  test('need the settings of both', async () => {
    const { MCP_API_KEYS: _, ...env } = { ...(await testEnv()), ...jwtEnv, JWT_ISSUER: '' };
    const start = createTestApp(
      { ...env, MCP_API_KEYS: '' },
      { parts: { auth: [apiKeys(), jwt()] } },
    );
    await expect(start).rejects.toThrow(/MCP_API_KEYS: is required\n.*JWT_ISSUER: is required/);
  });
});

describe.each([
  ['first', [oauth(), apiKeys()]],
  ['last', [apiKeys(), oauth()]],
])('where OAuth comes %s', (_, ways) => {
  test('the metadata is served, and a refusal leads there', async () => {
    const { fetch, list } = await serve(ways);
    const path = '/.well-known/oauth-protected-resource/mcp';
    const metadata = await fetch(
      new Request(`http://localhost${path}`, { headers: { host: 'localhost' } }),
    );
    expect(await metadata.json()).toMatchObject({ authorization_servers: [provider.url] });
    for (const headers of [{}, bearer('unknown')]) {
      const refused = await list(headers);
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toContain(
        `resource_metadata="http://localhost:3000${path}"`,
      );
    }
  });

  test('a provider that is away is a 503 for its tokens, and keys are still let in', async () => {
    const { list, fetch } = await serve(ways, away);
    expect((await list(credentials.headers)).status).toBe(200);
    const token = await provider.sign({ iss: 'http://127.0.0.1:1' });
    const refused = await list(bearer(token));
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
    const ready = await fetch(new Request('http://localhost/readyz'));
    expect(await ready.json()).toMatchObject({ checks: { identityProvider: 'unreachable' } });
  });
});

test('what two ways count is one family each in the metrics', async () => {
  const { app, list } = await serve([jwt(), oauth()]);
  const scope = 'notes:read';
  const tokens = [await signToken({ scope }), await provider.sign({ scope })];
  for (const token of [...tokens, ...tokens]) expect((await list(bearer(token))).status).toBe(200);
  const text = app.metrics.registry.text();
  const series = text.split('\n').map((line) => line.replace(/ \S+$/, ''));
  const types = series.filter((line) => line.startsWith('# TYPE'));
  expect(new Set(types).size).toBe(types.length);
  const samples = series.filter((line) => !line.startsWith('#') && line !== '');
  expect(new Set(samples).size).toBe(samples.length);
  expect(text).toContain('mcp_token_cache_entries 2\n');
});

describe('of several refusals', () => {
  const refusing = (status: number): OpenAuth => ({
    authenticate: (): AuthResult => ({ refusal: refuse(status, String(status)) }),
  });
  const statusOf = async (...statuses: number[]) => {
    const caller = await anyOf(statuses.map(refusing)).authenticate(new Headers(), '::1');
    return 'refusal' in caller && caller.refusal.status;
  };

  test.each([
    [[401, 503], 503],
    [[503, 401], 503],
    [[503, 401, 403], 503],
    [[401, 403], 403],
  ])('%o the caller is told %d', async (statuses, told) => {
    expect(await statusOf(...statuses)).toBe(told);
  });

  test('none counts when somebody knows the caller', async () => {
    const principal = { id: 'alice', scopes: [] };
    const knowing: OpenAuth = { authenticate: async () => ({ principal }) };
    for (const ways of [
      [refusing(503), knowing],
      [knowing, refusing(503)],
    ]) {
      expect(await anyOf(ways).authenticate(new Headers(), '::1')).toEqual({ principal });
    }
  });
});

test('a server over HTTP needs a way to authenticate', async () => {
  await expect(createTestApp({}, { parts: { auth: [] } })).rejects.toThrow('a way to authenticate');
});
