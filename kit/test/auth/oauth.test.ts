import { describe, expect, test } from 'vitest';
import { oauth } from '../../src/auth/oauth.js';
import { createHttpHandler } from '../../src/http/handler.js';
import { connectTo, eras } from '../../src/testing/client.js';
import { TestProvider } from '../../src/testing/identity-provider.js';
import { createTestApp } from '../support/app.js';
import * as tools from '../support/scoped-tools.js';

const provider = await new TestProvider().start();

/** A server that is an OAuth resource, with tools that need scopes. */
const createApp = (env: Record<string, string> = {}) =>
  createTestApp(
    { OAUTH_ISSUER: provider.url, PUBLIC_URL: 'http://localhost:3000', ...env },
    { parts: { auth: oauth() }, tools },
  );

const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const METADATA = `http://localhost:3000${WELL_KNOWN}/mcp`;

async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { fetch } = createHttpHandler(await createApp());
  const init = { method, headers: { host: 'localhost', ...headers } };
  return await fetch(new Request(`http://localhost${path}`, init));
}

describe('the metadata', () => {
  test.each([WELL_KNOWN, `${WELL_KNOWN}/mcp`])('is at %s, also for web pages', async (path) => {
    const origin = 'https://anywhere.example';
    const response = await get(path, { origin, 'x-forwarded-host': 'evil.example' });
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(await response.json()).toEqual({
      resource: 'http://localhost:3000/mcp',
      authorization_servers: [provider.url],
      scopes_supported: expect.arrayContaining(['test:look', 'test:change']),
      bearer_methods_supported: ['header'],
      resource_name: expect.any(String),
    });
  });

  test('is for reading, under the right host name, and says nothing in the name of the provider', async () => {
    expect((await get(WELL_KNOWN, {}, 'OPTIONS')).status).toBe(204);
    expect((await get(WELL_KNOWN, {}, 'POST')).status).toBe(405);
    expect((await get(WELL_KNOWN, { host: 'evil.example' })).status).toBe(403);
    expect((await get('/.well-known/oauth-authorization-server')).status).toBe(404);
  });
});

test('while the provider is away, /readyz says so', async () => {
  const { fetch } = createHttpHandler(await createApp({ OAUTH_ISSUER: 'http://127.0.0.1:1' }));
  const response = await fetch(new Request('http://localhost/readyz'));
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ checks: { identityProvider: 'unreachable' } });
});

describe.each(eras)('a client that speaks %s', (era) => {
  async function call(scope: string, headers: Record<string, string> = {}) {
    const { fetch } = createHttpHandler(await createApp({ OAUTH_FIRST_SCOPES: 'test:look' }));
    const answers: Response[] = [];
    const authorization = `Bearer ${await provider.sign({ scope })}`;
    const serve = async (request: Request) => {
      const answer = await fetch(request);
      answers.push(answer.clone());
      return answer;
    };
    const connecting = connectTo(serve, era, { authorization, ...headers });
    await connecting.then((client) => client.callTool({ name: 'change' })).catch(() => {});
    const last = answers.at(-1);
    return { status: last?.status, challenge: last?.headers.get('www-authenticate') ?? '' };
  }

  test('and has the scope may call', async () => {
    expect(await call('test:change')).toEqual({ status: 200, challenge: '' });
  });

  test('and lacks the scope is told what to ask for', async () => {
    const { status, challenge } = await call('test:look openid');
    expect(status).toBe(403);
    expect(challenge).toContain('error="insufficient_scope"');
    expect(challenge).toContain('scope="test:look test:change"');
    expect(challenge).toContain(`resource_metadata="${METADATA}"`);
  });

  test('and has no token is told where to sign in, and for what at first', async () => {
    const { status, challenge } = await call('', { authorization: '' });
    expect(status).toBe(401);
    expect(challenge).toBe(`Bearer resource_metadata="${METADATA}", scope="test:look"`);
  });
});
