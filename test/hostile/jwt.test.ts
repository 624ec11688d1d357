/** Forged, stolen, old and strange tokens against generated servers, over raw HTTP, in both eras of the protocol. */
import { createPublicKey } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { JWK } from 'jose';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  es256,
  forge,
  hmac,
  type Issuer,
  type KeyPair,
  keyPair,
  startIssuer,
  unsigned,
} from '../support/issuer.js';
import { type RawResponse, rawRequest } from '../support/raw-http.js';
import {
  builtProject,
  type RunningHttp,
  startHttp,
  startProcess,
  stop,
} from '../support/server.js';

const AUDIENCE = 'https://mcp.example.com/mcp';
const SECRET = 'Zq7RnV2-xK9bTf4WcY6mHs8LdP3gJa5E';
const TOO_MANY = { RATE_LIMIT_PER_MINUTE: '1000000', RATE_LIMIT_BURST: '1000000' };

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};
/** The same harmless call as each era writes it. */
const ERAS = {
  '2025-11-25': {
    headers: [] as [string, string][],
    body: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
  },
  '2026-07-28': {
    headers: [
      ['MCP-Protocol-Version', '2026-07-28'],
      ['Mcp-Method', 'tools/list'],
    ] as [string, string][],
    body: { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: META } },
  },
};
type Era = keyof typeof ERAS;
const eras = Object.keys(ERAS) as Era[];

let project: string;
let issuer: Issuer;
let first: KeyPair;
let stranger: KeyPair;
let published: RunningHttp;
let folder: string;

beforeAll(async () => {
  project = await builtProject({ transport: 'http', auth: 'jwt' });
  folder = await mkdtemp(join(tmpdir(), 'create-mcp-server-jwt-'));
  [first, stranger] = await Promise.all([keyPair('first'), keyPair('first')]);
  issuer = await startIssuer([first.publicJwk]);
  published = await startHttp(project, environment({ JWT_JWKS_URL: `${issuer.url}/jwks.json` }));
});

afterAll(async () => {
  await stop(published);
  await issuer.close();
  await rm(folder, { recursive: true, force: true });
});

function environment(env: Readonly<Record<string, string>>): Record<string, string> {
  return {
    JWT_ISSUER: issuer.url,
    JWT_AUDIENCE: AUDIENCE,
    DATABASE_URL: `file:${join(folder, 'notes.db')}`,
    LOG_LEVEL: 'debug',
    ...TOO_MANY,
    ...env,
  };
}

/** A server of its own for one test. */
async function serve(env: Readonly<Record<string, string>>): Promise<RunningHttp> {
  const server = await startHttp(project, environment(env));
  onTestFinished(async () => void (await stop(server)));
  return server;
}

const now = () => Math.floor(Date.now() / 1000);
const claims = (changes: object = {}) => ({
  iss: issuer.url,
  aud: AUDIENCE,
  sub: 'alice',
  exp: now() + 600,
  scope: 'notes:read',
  ...changes,
});
const header = (changes: object = {}) => ({ alg: 'ES256', kid: 'first', ...changes });
const token = (changes: object = {}, head: object = {}, pair = first) =>
  forge(header(head), claims(changes), es256(pair.privateKey));

async function call(
  server: RunningHttp,
  authorization: readonly string[],
  era: Era = '2026-07-28',
  target = '/mcp',
): Promise<RawResponse> {
  const { headers, body } = ERAS[era];
  return await rawRequest(server.port, {
    target,
    headers: [
      ['Content-Type', 'application/json'],
      ['Accept', 'application/json, text/event-stream'],
      ...headers,
      ...authorization.map((value): [string, string] => ['Authorization', value]),
    ],
    body: JSON.stringify(body),
  });
}

const bearer = (text: string) => [`Bearer ${text}`];

/** Refused as a bad token, and nothing of it comes back. */
function expectRefused(response: RawResponse, sent: string) {
  expect(response.status, response.text).toBe(401);
  expect(response.headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_token"/);
  expect(JSON.parse(response.body)).toMatchObject({ jsonrpc: '2.0', id: null, error: {} });
  if (sent.length > 20) expect(response.text).not.toContain(sent.slice(0, 20));
}

/** What `fetch` gets, which does not wait for the end of the connection. */
async function post(body: unknown, sent: string, headers: readonly [string, string][] = []) {
  const answer = await fetch(published.url, {
    method: 'POST',
    headers: [
      ['content-type', 'application/json'],
      ['accept', 'application/json, text/event-stream'],
      ['authorization', `Bearer ${sent}`],
      ...headers,
    ],
    body: JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}

test.each(eras)('a right token is let in (%s)', async (era) => {
  const { headers, body } = ERAS[era];
  const { status, text } = await post(body, token(), headers);
  expect(status, text).toBe(200);
  expect(text).toContain('search_notes');
});

describe.each(eras)('refused with 401 in %s:', (era) => {
  const attacks: Record<string, () => string> = {
    'alg none': () => forge(header({ alg: 'none' }), claims(), unsigned),
    'alg NONE': () => forge(header({ alg: 'NONE' }), claims(), unsigned),
    'no alg': () => forge(header({ alg: undefined }), claims(), es256(first.privateKey)),
    'no signature': () => token().replace(/[^.]*$/, ''),
    'HS256 with the public key as the secret': () =>
      forge(header({ alg: 'HS256' }), claims(), hmac(pemOf(first.publicJwk))),
    'HS256 with the published key as the secret': () =>
      forge(header({ alg: 'HS256' }), claims(), hmac(JSON.stringify(first.publicJwk))),
    'another key under the same kid': () => token({}, {}, stranger),
    'other claims under the same signature': () => {
      const [head, , signature] = token().split('.');
      const body = Buffer.from(JSON.stringify(claims({ sub: 'root' }))).toString('base64url');
      return [head, body, signature].join('.');
    },
    'another issuer': () => token({ iss: 'https://evil.example' }),
    'no issuer': () => token({ iss: undefined }),
    'a list of issuers': () => token({ iss: [issuer.url] }),
    'another audience': () => token({ aud: 'https://other.example/mcp' }),
    'part of the audience': () => token({ aud: AUDIENCE.slice(0, -1) }),
    'no audience': () => token({ aud: undefined }),
    expired: () => token({ exp: now() - 61 }),
    'no expiry': () => token({ exp: undefined }),
    'an expiry that is text': () => token({ exp: '9999999999' }),
    'an expiry that is null': () => token({ exp: null }),
    'not valid yet': () => token({ nbf: now() + 61 }),
    'no subject': () => token({ sub: undefined }),
    'an empty subject': () => token({ sub: '' }),
    'a subject that is a number': () => token({ sub: 7 }),
    'a subject that is an object': () => token({ sub: { toString: 'alice' } }),
    'a subject that ends in half a character': () => token({ sub: 'ali\ud800' }),
    'a subject with a NUL': () => token({ sub: 'ali\0ce' }),
    'a subject of 300 characters': () => token({ sub: 'a'.repeat(300) }),
    'an unknown critical header': () => token({}, { crit: ['x'], x: 1 }),
    'a critical header that is missing': () => token({}, { crit: ['exp'] }),
    'an unencoded payload': () => token({}, { b64: false, crit: ['b64'] }),
    'a key of its own (jwk)': () => token({}, { jwk: stranger.publicJwk }, stranger),
    'kid: a path': () => token({}, { kid: '../../../../dev/null' }, stranger),
    'kid: SQL': () => token({}, { kid: "x' UNION SELECT 'a" }, stranger),
    'kid: __proto__': () => token({}, { kid: '__proto__' }, stranger),
    'kid: an object': () => token({}, { kid: { first: true } }, stranger),
    'kid: no text but the right one': () => token({}, { kid: ['first'] }, stranger),
    'three dots': () => `${token()}.x`,
    'five parts (encrypted)': () => 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0.a.b.c.d',
    'claims that are a list': () => forge(header(), [claims()], es256(first.privateKey)),
    'claims that are not JSON': () => forge(header(), '{', es256(first.privateKey)),
    'not a token': () => 'x',
  };
  test.each(Object.entries(attacks))('%s', async (_, make) => {
    const sent = make();
    expectRefused(await call(published, bearer(sent), era), sent);
  });

  test('a token of 9 KB, before it is looked at', async () => {
    const sent = token({ padding: 'x'.repeat(6_500) });
    const response = await call(published, bearer(sent), era);
    expectRefused(response, sent);
    expect(response.body).toContain('too long');
  });

  test.each([
    ['two tokens', () => [`Bearer ${token()}`, `Bearer ${token()}`]],
    ['a wrong one first', () => ['Bearer x', `Bearer ${token()}`]],
    ['a wrong one last', () => [`Bearer ${token()}`, 'Bearer x']],
    ['two in one header', () => [`Bearer ${token()}, Bearer ${token()}`]],
    ['Basic', () => [`Basic ${Buffer.from(`alice:${token()}`).toString('base64')}`]],
    ['no scheme', () => [token()]],
    ['an empty one', () => ['Bearer ']],
    ['nothing', () => []],
  ])('%s', async (_, make) => {
    const response = await call(published, make(), era);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  test('a token in the address', async () => {
    for (const name of ['access_token', 'token', 'authorization']) {
      const response = await call(published, [], era, `/mcp?${name}=${token()}`);
      expect(response.status).toBe(401);
    }
  });
});

test('keys that a token points to are never fetched', async () => {
  const evil = await startIssuer([stranger.publicJwk]);
  onTestFinished(() => evil.close());
  for (const place of ['jku', 'x5u', 'iss']) {
    const address = `${evil.url}/jwks.json`;
    const sent = token(place === 'iss' ? { iss: address } : {}, { [place]: address }, stranger);
    expectRefused(await call(published, bearer(sent)), sent);
  }
  expect(evil.fetches).toBe(0);
});

test('whatever is sent, the answer is 401 and the server lives on', async () => {
  const part = fc.oneof(
    fc.base64String(),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
  );
  const shape = fc.oneof(
    fc.tuple(part, part, part).map((parts) => parts.join('.')),
    fc.stringMatching(/^[!-~]{0,200}$/),
    fc
      .record(
        { alg: fc.constantFrom('ES256', 'HS256', 'none', 'RS256', 'EdDSA') },
        { requiredKeys: [] },
      )
      .chain((head) =>
        fc.dictionary(fc.string(), fc.jsonValue()).map((more) => ({ ...more, ...head })),
      )
      .map((head) => forge(head, claims(), es256(stranger.privateKey))),
  );
  await fc.assert(
    fc.asyncProperty(shape, async (sent) => {
      const { status } = await call(published, bearer(sent));
      expect(status).toBe(401);
    }),
    { numRuns: 150 },
  );
  expect((await call(published, bearer(token()))).status).toBe(200);
});

test('the scope that stands for all scopes cannot be claimed', async () => {
  const call = { name: 'create_note', arguments: { title: 'x', body: 'y' } };
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: call };
  const { text } = await post(body, token({ scope: '* notes:read', scp: ['*'] }));
  expect(text).toMatch(/create_note not found|notes:write/);
  expect(text).not.toContain('structuredContent');
});

describe('keys', () => {
  test('a key that was removed counts no more, a new one does', async () => {
    const next = await keyPair('next');
    const own = await startIssuer([first.publicJwk]);
    onTestFinished(() => own.close());
    const server = await serve({
      JWT_JWKS_URL: `${own.url}/jwks.json`,
      JWKS_CACHE_SECONDS: '1',
      TOKEN_CACHE_SECONDS: '0',
    });
    const old = token();
    expect((await call(server, bearer(old))).status).toBe(200);
    own.keys = [next.publicJwk];
    await sleep(1_100);
    expectRefused(await call(server, bearer(old)), old);
    expect((await call(server, bearer(token({}, { kid: 'next' }, next)))).status).toBe(200);
  });

  test('a stranger cannot make the server ask for keys again and again', async () => {
    const own = await startIssuer([first.publicJwk]);
    onTestFinished(() => own.close());
    const server = await serve({ JWT_JWKS_URL: `${own.url}/jwks.json` });
    const calls = Array.from({ length: 30 }, (_, n) =>
      call(server, bearer(token({}, { kid: `unknown-${n}` }, stranger))),
    );
    for (const { status } of await Promise.all(calls)) expect(status).toBe(401);
    expect(own.fetches).toBe(1);
  });

  test('a secret among published keys is never used', async () => {
    const oct: JWK = { kty: 'oct', kid: 'shared', k: Buffer.from(SECRET).toString('base64url') };
    const own = await startIssuer([first.publicJwk, oct]);
    onTestFinished(() => own.close());
    const server = await serve({ JWT_JWKS_URL: `${own.url}/jwks.json` });
    const sent = forge({ alg: 'HS256', kid: 'shared' }, claims(), hmac(SECRET));
    expectRefused(await call(server, bearer(sent)), sent);
  });

  test.each([
    ['is away', async () => 'http://127.0.0.1:1/jwks.json'],
    [
      'is broken',
      async () => {
        const own = await startIssuer([]);
        onTestFinished(() => own.close());
        own.broken = 500;
        return `${own.url}/jwks.json`;
      },
    ],
  ])('503 and not 401 while the key set %s', async (_, address) => {
    const server = await serve({ JWT_JWKS_URL: await address() });
    const response = await call(server, bearer(token()));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(response.body).not.toContain('127.0.0.1');
  });

  test('the secret does not accept what is signed with a key, nor the other way round', async () => {
    const server = await serve({ JWT_SECRET: SECRET });
    const right = forge({ alg: 'HS256' }, claims(), hmac(SECRET));
    expect((await call(server, bearer(right))).status).toBe(200);
    for (const sent of [
      token(),
      forge({ alg: 'HS512' }, claims(), hmac(SECRET)),
      forge({ alg: 'HS256' }, claims(), hmac('')),
      forge({ alg: 'none' }, claims(), unsigned),
    ]) {
      expectRefused(await call(server, bearer(sent)), sent);
    }
    const publicKey = pemOf(first.publicJwk);
    const keyed = await serve({ JWT_PUBLIC_KEY: publicKey.replaceAll('\n', '\\n') });
    expect((await call(keyed, bearer(token()))).status).toBe(200);
    const confused = forge({ alg: 'HS256' }, claims(), hmac(publicKey));
    expectRefused(await call(keyed, bearer(confused)), confused);
  });
});

test('a token that was right before is refused as soon as it has expired', async () => {
  const server = await serve({ JWT_SECRET: SECRET, TOKEN_CACHE_SECONDS: '60' });
  // The tolerance for clocks is 30 seconds.
  const sent = forge({ alg: 'HS256' }, claims({ exp: now() - 28 }), hmac(SECRET));
  expect((await call(server, bearer(sent))).status).toBe(200);
  await sleep(3_000);
  const response = await call(server, bearer(sent));
  expectRefused(response, sent);
  expect(response.body).toContain('expired');
});

test('no token, secret or key is ever logged', async () => {
  const server = await serve({ JWT_SECRET: SECRET });
  const right = forge({ alg: 'HS256' }, claims({ sub: 'a"\n{"level":"fatal"}' }), hmac(SECRET));
  const wrong = forge({ alg: 'HS256' }, claims(), hmac('wrong'));
  await call(server, bearer(right));
  await call(server, bearer(wrong));
  await call(server, [], '2026-07-28', `/mcp?token=${right}`);
  await stop(server);
  const output = server.stdout() + server.stderr();
  for (const secret of [SECRET, right, wrong, right.slice(-20), wrong.slice(-20)]) {
    expect(output).not.toContain(secret);
  }
  for (const line of output.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
  expect(output).not.toContain('"level":"fatal"');
});

describe('does not start with', () => {
  test.each([
    ['a secret of 31 bytes', { JWT_SECRET: SECRET.slice(1) }],
    ['one character', { JWT_SECRET: 'x'.repeat(64) }],
    ['a few characters', { JWT_SECRET: 'abcabc'.repeat(10) }],
    ['changeme', { JWT_SECRET: `changeme${SECRET}` }],
    ['the example of a tutorial', { JWT_SECRET: 'a-string-secret-at-least-256-bits-long' }],
    ['nothing', {}],
    ['two kinds of keys', { JWT_SECRET: SECRET, JWT_JWKS_URL: 'https://login.example.com/jwks' }],
    ['keys over plain HTTP', { JWT_JWKS_URL: 'http://login.example.com/jwks' }],
    ['an issuer over plain HTTP', { JWT_SECRET: SECRET, JWT_ISSUER: 'http://login.example.com' }],
    ['a cache of a day', { JWT_SECRET: SECRET, TOKEN_CACHE_SECONDS: '86400' }],
  ])('%s', async (_, env) => {
    const server = startProcess(project, 'http.js', { PORT: '0', ...environment(env) });
    expect(await server.ended).toBe(1);
    expect(server.stderr()).toMatch(/JWT_|TOKEN_CACHE/);
    for (const value of Object.values(env)) {
      if (value.length > 20 && !value.startsWith('http')) {
        expect(server.stderr()).not.toContain(value);
      }
    }
  });
});

function pemOf(jwk: JWK): string {
  const key = createPublicKey({ key: jwk as Record<string, string>, format: 'jwk' });
  return key.export({ type: 'spki', format: 'pem' }).toString();
}
