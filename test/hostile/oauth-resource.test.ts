/** What a stranger, a caller with few rights or a lying provider can try against an OAuth resource server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  es256,
  forge,
  type Issuer,
  type KeyPair,
  keyPair,
  startIssuer,
} from '../support/issuer.js';
import { rawRequest } from '../support/raw-http.js';
import {
  builtProject,
  freePort,
  type RunningHttp,
  startHttp,
  startProcess,
  stop,
} from '../support/server.js';

const PUBLIC_URL = 'https://mcp.example.com';
const RESOURCE = `${PUBLIC_URL}/mcp`;
const WELL_KNOWN = '/.well-known/oauth-protected-resource';
const METADATA = `${PUBLIC_URL}${WELL_KNOWN}/mcp`;
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};
const CREATE = { name: 'create_note', arguments: { title: 'Forbidden', body: 'fruit' } };

let project: string;
let folder: string;
let issuer: Issuer;
let pair: KeyPair;
let server: RunningHttp;

beforeAll(async () => {
  project = await builtProject({ transport: 'http', auth: 'oauth' });
  folder = await mkdtemp(join(tmpdir(), 'create-mcp-server-resource-'));
  pair = await keyPair('first');
  issuer = await startIssuer([pair.publicJwk]);
  server = await startHttp(project, environment({ ALLOWED_HOSTS: 'internal.example' }));
});

afterAll(async () => {
  await stop(server);
  await issuer.close();
  await rm(folder, { recursive: true, force: true });
});

function environment(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    PUBLIC_URL,
    OAUTH_ISSUER: issuer.url,
    DATABASE_URL: `file:${join(folder, 'notes.db')}`,
    RATE_LIMIT_PER_MINUTE: '100000',
    ...env,
  };
}

async function serve(env: Readonly<Record<string, string>>): Promise<RunningHttp> {
  const own = await startHttp(project, environment(env));
  onTestFinished(async () => void (await stop(own)));
  return own;
}

function token(scope: string, changes: object = {}, head: object = {}): string {
  const exp = Math.floor(Date.now() / 1000) + 600;
  const claims = { iss: issuer.url, aud: RESOURCE, sub: 'alice', exp, scope, ...changes };
  const header = { alg: 'ES256', kid: 'first', typ: 'at+jwt', ...head };
  return forge(header, claims, es256(pair.privateKey));
}

async function post(
  body: unknown,
  sent: string,
  headers: Readonly<Record<string, string>> = {},
  { url } = server,
) {
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(sent && { authorization: `Bearer ${sent}` }),
      ...headers,
    },
    body: JSON.stringify(body),
  });
  return {
    status: answer.status,
    challenge: answer.headers.get('www-authenticate') ?? '',
    text: await answer.text(),
  };
}

const rpc = (method: string, params: object = {}, id = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});
const modern = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call' };
const modernCall = rpc('tools/call', { ...CREATE, _meta: ENVELOPE });

describe('addresses come from PUBLIC_URL alone', () => {
  const spoofs: Record<string, [string, string][]> = {
    'another Host that is served': [['Host', 'internal.example']],
    'X-Forwarded-Host': [['X-Forwarded-Host', 'evil.example']],
    'X-Forwarded-*': [
      ['X-Forwarded-Host', 'evil.example'],
      ['X-Forwarded-Proto', 'http'],
      ['X-Forwarded-Prefix', '/evil'],
      ['X-Original-URL', '/evil'],
    ],
    Forwarded: [['Forwarded', 'host=evil.example;proto=http']],
  };
  test.each(Object.entries(spoofs))('%s', async (_, headers) => {
    for (const target of [WELL_KNOWN, `${WELL_KNOWN}/mcp`]) {
      const { status, body, text } = await rawRequest(server.port, {
        method: 'GET',
        target,
        headers,
      });
      expect(status).toBe(200);
      expect(JSON.parse(body)).toMatchObject({
        resource: RESOURCE,
        authorization_servers: [issuer.url],
      });
      expect(text).not.toMatch(/evil|internal/);
    }
    const type: [string, string] = ['Content-Type', 'application/json'];
    const refused = await rawRequest(server.port, { headers: [type, ...headers], body: '{}' });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toContain(`resource_metadata="${METADATA}"`);
    expect(refused.text).not.toMatch(/evil|internal/);
  });

  test.each([
    ['a foreign Host', WELL_KNOWN, [['Host', 'evil.example']]],
    [
      'two Hosts',
      WELL_KNOWN,
      [
        ['Host', 'mcp.example.com'],
        ['Host', 'evil.example'],
      ],
    ],
    ['a whole address as the path', `http://evil.example${WELL_KNOWN}`, []],
  ] as [string, string, [string, string][]][])('%s is refused', async (_, target, headers) => {
    const { status, text } = await rawRequest(server.port, { method: 'GET', target, headers });
    expect([400, 403, 404]).toContain(status);
    expect(text).not.toContain('"resource"');
  });

  test('nothing is said in the name of the provider', async () => {
    for (const name of ['oauth-authorization-server', 'openid-configuration']) {
      for (const target of [`/.well-known/${name}`, `/.well-known/${name}/mcp`]) {
        expect((await rawRequest(server.port, { method: 'GET', target })).status).toBe(404);
      }
    }
  });
});

describe('a caller who may only read cannot write', () => {
  const read = () => token('notes:read openid');
  const attempts: Record<string, () => ReturnType<typeof post>> = {
    'in 2026-07-28': () => post(modernCall, read(), { ...modern, 'mcp-name': 'create_note' }),
    'in 2025-11-25': () => post(rpc('tools/call', CREATE), read()),
    'in 2025-11-25, saying so': () =>
      post(rpc('tools/call', CREATE), read(), { 'mcp-protocol-version': '2025-11-25' }),
    'in 2024-11-05': () =>
      post(rpc('tools/call', CREATE), read(), { 'mcp-protocol-version': '2024-11-05' }),
  };
  test.each(Object.entries(attempts))('%s: 403 and what to ask for', async (_, attempt) => {
    const { status, challenge } = await attempt();
    expect(status).toBe(403);
    expect(challenge).toContain('error="insufficient_scope"');
    expect(challenge).toContain('scope="notes:read notes:write"');
    expect(challenge).toContain(`resource_metadata="${METADATA}"`);
  });

  test.each([
    ['in a batch', () => post([rpc('tools/call', CREATE)], read())],
    [
      'behind others in a batch',
      () =>
        post(
          [rpc('tools/list'), rpc('tools/call', CREATE, 2), rpc('tools/call', CREATE, 2)],
          read(),
        ),
    ],
    [
      'under the name of another tool',
      () => post(modernCall, read(), { ...modern, 'mcp-name': 'search_notes' }),
    ],
    [
      'as another method',
      () => post(modernCall, read(), { ...modern, 'mcp-method': 'tools/list', 'mcp-name': 'x' }),
    ],
    [
      'with another case',
      () => post(rpc('tools/call', { ...CREATE, name: 'Create_Note' }), read()),
    ],
    ['as a notification', () => post({ ...rpc('tools/call', CREATE), id: undefined }, read())],
  ])('%s', async (_, attempt) => {
    const { text } = await attempt();
    expect(text).not.toContain('structuredContent');
  });

  test('and nothing was written', async () => {
    const search = rpc('tools/call', { name: 'search_notes', arguments: { query: '' } });
    const { text } = await post(search, read());
    expect(text).toContain('structuredContent');
    expect(text).not.toContain('Forbidden');
    expect((await post(rpc('tools/call', CREATE), token('notes:read notes:write'))).status).toBe(
      200,
    );
    expect((await post(search, read())).text).toContain('Forbidden');
  });
});

describe('tokens of the same provider that are no access tokens for this server', () => {
  test.each([
    ['an ID token', () => token('notes:read', {}, { typ: 'JWT' })],
    ['a token without a type', () => token('notes:read', {}, { typ: undefined })],
    ['a logout token', () => token('notes:read', {}, { typ: 'logout+jwt' })],
    ['a token for another server', () => token('notes:read', { aud: 'https://other.example/mcp' })],
    ['a token for the whole host', () => token('notes:read', { aud: PUBLIC_URL })],
    ['a token for a client', () => token('notes:read', { aud: undefined, client_id: RESOURCE })],
  ])('%s', async (_, make) => {
    const { status, challenge } = await post(rpc('tools/list'), make());
    expect(status).toBe(401);
    expect(challenge).toContain('error="invalid_token"');
    expect(challenge).toContain(`resource_metadata="${METADATA}"`);
  });
});

describe('the provider', () => {
  test('is another one than it says: 503', async () => {
    const liar = await startIssuer([pair.publicJwk]);
    onTestFinished(() => liar.close());
    const { url } = liar;
    Object.assign(liar, { url: 'https://evil.example' });
    const own = await serve({ OAUTH_ISSUER: url });
    expect((await post(rpc('tools/list'), token('', { iss: url }), {}, own)).status).toBe(503);
    await expect.poll(own.stderr).toContain('not of OAUTH_ISSUER');
  });

  test('leads somewhere else for its keys: nothing is asked there', async () => {
    const evil = await startIssuer([pair.publicJwk]);
    onTestFinished(() => evil.close());
    let url = '';
    const redirecting = createServer((request, response) => {
      if (request.url !== '/jwks.json') {
        return void response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/jwks.json` }));
      }
      response.writeHead(302, { location: `${evil.url}/jwks.json` }).end();
    });
    await new Promise<void>((resolve) => redirecting.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void redirecting.close());
    url = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}`;
    const own = await serve({ OAUTH_ISSUER: url });
    expect((await post(rpc('tools/list'), token('', { iss: url }), {}, own)).status).toBe(503);
    expect(evil.fetches).toBe(0);
  });

  test('is away at the start, comes, fails and comes back', async () => {
    const own = await startIssuer([pair.publicJwk]);
    onTestFinished(() => own.close());
    own.broken = 500;
    const away = await serve({
      OAUTH_ISSUER: own.url,
      JWKS_CACHE_SECONDS: '1',
      TOKEN_CACHE_SECONDS: '0',
    });
    const ready = async () => await fetch(new URL('/readyz', away.url));
    const right = token('notes:read', { iss: own.url });
    const list = async () => (await post(rpc('tools/list'), right, {}, away)).status;

    const unready = await ready();
    expect(unready.status).toBe(503);
    expect(await unready.json()).toMatchObject({ checks: { identityProvider: 'unreachable' } });
    expect(await list()).toBe(503);
    // Metadata does not depend on it.
    expect((await fetch(new URL(WELL_KNOWN, away.url))).status).toBe(200);

    own.broken = undefined;
    await vi.waitFor(async () => expect(await list()).toBe(200), {
      timeout: 12_000,
      interval: 200,
    });
    // Readiness is looked at once a second.
    await vi.waitFor(async () => expect((await ready()).status).toBe(200), { timeout: 5_000 });
  });

  test('hangs: the answer comes in time all the same', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      silent.closeAllConnections();
      silent.close();
    });
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const own = await serve({ OAUTH_ISSUER: url });
    const started = performance.now();
    const statuses = await Promise.all(
      Array.from(
        { length: 10 },
        async () => (await post(rpc('tools/list'), token('', { iss: url }), {}, own)).status,
      ),
    );
    expect(new Set(statuses)).toEqual(new Set([503]));
    expect(performance.now() - started).toBeLessThan(6_000);
  });
});

describe('does not start', () => {
  test.each([
    ['without PUBLIC_URL', { PUBLIC_URL: '' }, 'PUBLIC_URL'],
    ['with PUBLIC_URL over plain HTTP', { PUBLIC_URL: 'http://mcp.example.com' }, 'PUBLIC_URL'],
    ['without an issuer', { OAUTH_ISSUER: '' }, 'OAUTH_ISSUER'],
    [
      'with an issuer over plain HTTP',
      { OAUTH_ISSUER: 'http://login.example.com' },
      'OAUTH_ISSUER',
    ],
    [
      'with an issuer like 127.0.0.1',
      { OAUTH_ISSUER: 'http://127.0.0.1.evil.example' },
      'OAUTH_ISSUER',
    ],
    ['with an unknown provider', { OAUTH_PROVIDER: 'acme' }, 'OAUTH_PROVIDER'],
    ['without the audience of Cognito', { OAUTH_PROVIDER: 'cognito' }, 'OAUTH_AUDIENCE'],
  ])('%s', async (_, env, name) => {
    const port = String(await freePort());
    const own = startProcess(project, 'http.js', { PORT: port, ...environment(env) });
    expect(await own.ended).toBe(1);
    expect(own.stderr()).toContain(name);
  });
});
