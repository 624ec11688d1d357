import { describe, expect, test } from 'vitest';
import { type HttpApp, httpSettings } from '../../src/http/app.js';
import { createHttpHandler } from '../../src/http/handler.js';
import { connectTo, eras } from '../../src/testing/client.js';
import { createTestApp, readSettings } from '../support/app.js';
import { credentials } from '../support/credentials.js';

const MESSAGE = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
const LIST = JSON.stringify(MESSAGE);
const NESTED: unknown = JSON.parse('['.repeat(100) + ']'.repeat(100));
const DEEP = JSON.stringify({ ...MESSAGE, params: { a: NESTED } });

const json = {
  host: 'localhost:3000',
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
};

/** Sends a request that is right but for `changes`. */
async function send(
  changes: { path?: string; method?: string; headers?: Record<string, string>; body?: string } = {},
  env: Record<string, string> = {},
): Promise<Response> {
  const { path = '/mcp', method = 'POST', body = LIST } = changes;
  const { fetch } = createHttpHandler(await createTestApp(env));
  const headers = {
    ...json,
    ...credentials.headers,
    ...changes.headers,
  };
  const hasBody = method !== 'GET' && method !== 'OPTIONS';
  return await fetch(
    new Request(`http://localhost${path}`, { method, headers, ...(hasBody && { body }) }),
  );
}

test.each(eras)('a client that speaks %s lists the tools', async (era) => {
  const { fetch } = createHttpHandler(await createTestApp());
  const client = await connectTo(fetch, era, credentials.headers);
  expect((await client.listTools()).tools).not.toEqual([]);
});

describe('refuses', () => {
  test.each([
    ['another host', { headers: { host: 'evil.example' } }, 403],
    ['a foreign origin', { headers: { origin: 'https://evil.example' } }, 403],
    ['the origin null', { headers: { origin: 'null' } }, 403],
    ['PUT', { method: 'PUT' }, 405],
    ['GET', { method: 'GET' }, 405],
    ['DELETE', { method: 'DELETE' }, 405],
    ['a form', { headers: { 'content-type': 'text/plain' } }, 415],
    ['a body that is too large', { body: 'x'.repeat(2_000) }, 413],
    ['broken JSON', { body: '{' }, 400],
    ['JSON that is nested too deep', { body: DEEP }, 400],
    ['a batch with two equal ids', { body: `[${LIST},${LIST}]` }, 400],
    ['another path', { path: '/admin' }, 404],
  ])('%s', async (_, changes, status) => {
    const response = await send(changes, { MAX_BODY_BYTES: '1000' });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ jsonrpc: '2.0', error: {} });
  });
});

test('a client that sends too many requests has to wait', async () => {
  const { fetch } = createHttpHandler(await createTestApp({ RATE_LIMIT_PER_MINUTE: '1' }));
  const list = () =>
    fetch(
      new Request('http://localhost/mcp', {
        method: 'POST',
        headers: { ...json, ...credentials.headers },
        body: LIST,
      }),
    );
  for (let request = 0; request < 10; request += 1) expect((await list()).status).toBe(200);
  const refused = await list();
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('6');
});

test('an allowed origin may call, and its preflight passes', async () => {
  const headers = { origin: 'https://app.example' };
  const env = { ALLOWED_ORIGINS: 'https://app.example' };
  const preflight = await send({ method: 'OPTIONS', headers }, env);
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-headers')).toContain('mcp-protocol-version');
  const asked = 'content-type, Mcp-Param-Region,x-other,mcp-param-, mcp-param-a b';
  const asking = { ...headers, 'access-control-request-headers': asked };
  const withParams = await send({ method: 'OPTIONS', headers: asking }, env);
  const allowed = withParams.headers.get('access-control-allow-headers')?.split(', ');
  expect(allowed?.filter((name) => asked.toLowerCase().includes(name))).toEqual([
    'content-type',
    'mcp-param-region',
  ]);
  const response = await send({ headers }, env);
  expect(response.status).toBe(200);
  expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
});

test('a request id is taken over when it is harmless', async () => {
  const given = await send({ headers: { 'x-request-id': 'abc-1' } });
  expect(given.headers.get('x-request-id')).toBe('abc-1');
  const odd = await send({ headers: { 'x-request-id': 'a"b' } });
  expect(odd.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('the health endpoints answer without authentication', async () => {
  const noCredentials = { method: 'GET', headers: { authorization: '' } };
  expect((await send({ ...noCredentials, path: '/healthz' })).status).toBe(200);
  const ready = await send({ ...noCredentials, path: '/readyz' });
  expect(await ready.json()).toMatchObject({ status: 'ready' });
});

test('/readyz says when something cannot be reached, and when the server is going away', async () => {
  const app: HttpApp = { ...(await createTestApp()), checks: { probe: () => Promise.reject() } };
  const handler = createHttpHandler(app);
  const ready = () => handler.fetch(new Request('http://localhost/readyz'));
  const broken = await ready();
  expect(broken.status).toBe(503);
  expect(await broken.json()).toEqual({ status: 'unavailable', checks: { probe: 'unreachable' } });
  handler.announceEnd();
  expect(await (await ready()).json()).toEqual({ status: 'draining' });
});

test.each([
  ['ALLOWED_ORIGINS', 'https://app.example/'],
  ['ALLOWED_ORIGINS', '*'],
  ['ALLOWED_HOSTS', 'app.example:8443'],
  ['PORT', '0x50'],
])('does not start with %s=%s', (name, value) => {
  expect(() => readSettings({ settings: httpSettings }, { [name]: value })).toThrow(
    `${name}: must be`,
  );
});
