import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { apiKeys } from '../../src/auth/api-keys.js';
import { oauth } from '../../src/auth/oauth.js';
import { nodeHost } from '../../src/host/node/host.js';
import { json, refuse } from '../../src/http/exchange.js';
import { createHttpHandler } from '../../src/http/handler.js';
import type { HttpRequest, HttpResponse } from '../../src/parts.js';
import { createNodeServer } from '../../src/serve/node-server.js';
import { sql } from '../../src/store/sql.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createTestApp, type TestChanges } from '../support/app.js';
import { credentials } from '../support/credentials.js';

type Routes = NonNullable<TestChanges['routes']>;

const MAX_BYTES = 1_000;

/** A webhook that says how long its body is. */
async function countBytes(request: HttpRequest): Promise<HttpResponse> {
  const body = await request.read(MAX_BYTES);
  return body === undefined ? refuse(413, 'too long') : json(200, { bytes: body.length });
}

const routes: Routes = [
  { method: 'POST', path: '/hook', isProtected: false, handle: countBytes },
  { method: 'POST', path: '/admin', isProtected: true, handle: countBytes },
  {
    method: 'GET',
    path: '/notes',
    isProtected: true,
    handle: async (_, { store, signal, config }) => {
      const found = await store.query(sql`SELECT title FROM notes`, signal);
      return json(200, { found, rows: config.MAX_OUTPUT_ROWS });
    },
  },
  {
    method: 'GET',
    path: '/broken',
    isProtected: false,
    handle: () => {
      throw new Error('hunter2');
    },
  },
  {
    method: 'GET',
    path: '/me',
    isProtected: true,
    handle: (_, { principal }) => json(200, { id: principal.id }),
  },
];

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

async function serve(env?: Record<string, string>, changes: TestChanges = {}) {
  const app = await createTestApp(env, { routes, ...changes });
  const handler = createHttpHandler(app);
  const send = (path: string, { method = 'POST', headers = {}, body }: Sent = {}) => {
    const all = { host: 'localhost', ...headers };
    const init = { method, headers: all, ...(body !== undefined && { body }) };
    return handler.fetch(new Request(`http://localhost${path}`, init), '203.0.113.7');
  };
  return { app, handler, send };
}

test('an open route answers who does not authenticate', async () => {
  const { send } = await serve();
  const answer = await send('/hook?from=shop', { body: '12345' });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ bytes: 5 });
  expect(answer.headers.get('x-request-id')).toMatch(/^[\w-]+$/);
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
});

test('a protected route answers who authenticates as for /mcp, and nobody else', async () => {
  const { app, send } = await serve();
  expect((await send('/admin', { headers: credentials.headers, body: '1' })).status).toBe(200);
  for (const headers of [{}, { authorization: 'Bearer guessed' }]) {
    const refused = await send('/admin', { headers, body: '1' });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/);
  }
  const text = app.metrics.registry.text();
  expect(text).toContain('mcp_auth_failures_total{reason="missing"} 1\n');
  expect(text).toContain('mcp_auth_failures_total{reason="invalid"} 1\n');
  expect(text).toContain('mcp_http_requests_refused_total{status="401"} 2\n');
});

test('a route has the services and settings of the server at hand', async () => {
  const { app, send } = await serve({ MAX_OUTPUT_ROWS: '7' });
  await app.store.query(sql`INSERT INTO notes VALUES ('1', 'tea', 'green', 'now')`);
  const answer = await send('/notes', { method: 'GET', headers: credentials.headers });
  expect(await answer.json()).toEqual({ found: [{ title: 'tea' }], rows: 7 });
});

describe.each(['/hook', '/admin'])('%s refuses', (path) => {
  test.each([
    ['another host: DNS rebinding', { host: 'evil.example' }],
    ['a web page', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
  ])('%s', async (_, headers) => {
    const { send } = await serve();
    const refused = await send(path, { headers: { ...credentials.headers, ...headers } });
    expect(refused.status).toBe(403);
  });

  test('no page of an allowed origin, and no allowed host', async () => {
    const { send } = await serve({
      ALLOWED_ORIGINS: 'https://app.example',
      ALLOWED_HOSTS: 'mcp.test',
    });
    const headers = { ...credentials.headers, host: 'mcp.test', origin: 'https://app.example' };
    expect((await send(path, { headers, body: '1' })).status).toBe(200);
  });

  test('another method and another path', async () => {
    const { send } = await serve();
    const { headers } = credentials;
    expect((await send(path, { method: 'GET', headers })).status).toBe(404);
    expect((await send(`${path}/`, { headers })).status).toBe(404);
    expect((await send(path.toUpperCase(), { headers })).status).toBe(404);
  });
});

test('a caller of a protected route has as many requests as RATE_LIMIT_PER_MINUTE allows', async () => {
  const { app, send } = await serve({ RATE_LIMIT_PER_MINUTE: '1' });
  const call = () => send('/admin', { headers: credentials.headers, body: '1' });
  for (let request = 0; request < 10; request += 1) expect((await call()).status).toBe(200);
  const refused = await call();
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('6');
  expect(app.metrics.registry.text()).toContain('mcp_rate_limited_total{limit="requests"} 1\n');
});

test('a route that fails tells its caller where to find the reason, and no more', async () => {
  const log = createLogger(nodeHost, 'silent', 'test');
  const error = vi.spyOn(log, 'error');
  const { send } = await serve({}, { log });
  const answer = await send('/broken', { method: 'GET', headers: { 'x-request-id': 'abc-1' } });
  expect(answer.status).toBe(500);
  const text = await answer.text();
  expect(text).toContain('abc-1');
  expect(text).not.toContain('hunter2');
  expect(error).toHaveBeenCalledWith({ err: expect.any(Error) }, 'request failed');
});

test('a protected route knows its caller', async () => {
  const { send } = await serve();
  const answer = await send('/me', { method: 'GET', headers: credentials.headers });
  expect(await answer.json()).toEqual({ id: expect.stringMatching(/./) });
});

test('a server with a route that would never be reached does not start', async () => {
  const route = { method: 'GET', isProtected: false, handle: () => json(200, {}) } as const;
  const hidden = ['hook', '/a?x=1', '/mcp', '/readyz', '/twice', '/twice'].map((path) => ({
    ...route,
    path,
  }));
  const app = await createTestApp({}, { routes: hidden });
  expect(() => createHttpHandler(app)).toThrow(
    expect.objectContaining({
      problems: [
        'the route GET hook: a path begins with / and has no query',
        'the route GET /a?x=1: a path begins with / and has no query',
        'the route GET /mcp: the server answers /mcp itself; take another path',
        'the route GET /readyz: the server answers /readyz itself; take another path',
        'the route GET /twice: is there twice; remove one of them',
      ],
    }),
  );
});

test.each([
  ['', { auth: oauth() }],
  [' beside another way to authenticate', { auth: [apiKeys(), oauth()] }],
])('nor does one with a route where OAuth clients look%s', async (_, parts) => {
  const path = '/.well-known/oauth-protected-resource';
  const route = { method: 'GET', isProtected: false, handle: () => json(200, {}) } as const;
  const hidden = [path, `${path}/tools/mcp`, `${path}/other`].map((one) => ({
    ...route,
    path: one,
  }));
  const PUBLIC_URL = 'http://localhost:3000/tools';
  const env = { OAUTH_ISSUER: 'http://127.0.0.1:1', PUBLIC_URL, ...credentials.env };
  const app = await createTestApp(env, { routes: hidden, parts });
  const taken = (one: string) =>
    `the route GET ${one}: the server answers ${one} itself; take another path`;
  expect(() => createHttpHandler(app)).toThrow(
    expect.objectContaining({ problems: [taken(path), taken(`${path}/tools/mcp`)] }),
  );
});

test('the end of the server waits for a route that works', async () => {
  let answer: (value: HttpResponse) => void = () => {};
  const slow: Routes[number] = {
    method: 'GET',
    path: '/slow',
    isProtected: false,
    handle: () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  };
  const app = await createTestApp({}, { routes: [slow] });
  const { answer: serveRequest, drain } = createHttpHandler(app);
  const server = createNodeServer(serveRequest, app.log);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const asked = fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/slow`);
  await once(server, 'request');
  await new Promise(setImmediate);
  const drained = vi.fn();
  const draining = drain(new AbortController().signal).then(drained);
  await new Promise(setImmediate);
  expect(drained).not.toHaveBeenCalled();
  answer(json(200, { done: true }));
  expect(await (await asked).json()).toEqual({ done: true });
  await draining;
});

describe('the body of a request', () => {
  test('is read up to its bound, and no further', async () => {
    const { send } = await serve();
    const { headers } = credentials;
    for (const path of ['/hook', '/admin']) {
      expect((await send(path, { headers, body: 'x'.repeat(MAX_BYTES) })).status).toBe(200);
      expect((await send(path, { headers, body: 'x'.repeat(MAX_BYTES + 1) })).status).toBe(413);
    }
  });

  test('is so, too, over node:http, and of one without an end', async () => {
    const { handler, app } = await serve();
    const server = createNodeServer(handler.answer, app.log);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
    const exact = await fetch(url, { method: 'POST', body: 'x'.repeat(MAX_BYTES) });
    expect(await exact.json()).toEqual({ bytes: MAX_BYTES });
    const long = await fetch(url, { method: 'POST', body: 'x'.repeat(MAX_BYTES + 1) });
    expect(long.status).toBe(413);
    // It gives one part and never ends.
    const endless = new ReadableStream<Uint8Array>({
      start: (to) => to.enqueue(new Uint8Array(MAX_BYTES + 1)),
    });
    const init = { method: 'POST', body: endless, duplex: 'half' as const };
    // The answer comes, or the connection ends: the body is not read to an end that never comes.
    const status = await fetch(url, init).then(
      (answer) => answer.status,
      () => 413,
    );
    expect(status).toBe(413);
  });
});
