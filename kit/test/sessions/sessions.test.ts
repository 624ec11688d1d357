import { expect, test, vi } from 'vitest';
import { createHttpHandler } from '../../src/http/handler.js';
import { connectTo } from '../../src/testing/client.js';
import { credentials } from '../support/credentials.js';
import { createSessionApp, memoryParts } from '../support/sessions.js';

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '1.0.0' },
  },
};
const LIST = { jsonrpc: '2.0', id: 2, method: 'tools/list' };

interface Sent {
  method?: string;
  session?: string;
  body?: object;
  signal?: AbortSignal;
}

/** Sends requests to a server of their own. */
async function serve(env: Record<string, string> = {}) {
  const app = await createSessionApp(memoryParts, env);
  const { fetch, drain } = createHttpHandler(app);
  const send = ({ method = 'POST', session, body, signal }: Sent) => {
    const headers = {
      host: 'localhost',
      accept: 'application/json, text/event-stream',
      ...credentials.headers,
      ...(body && { 'content-type': 'application/json' }),
      ...(session !== undefined && { 'mcp-session-id': session }),
    };
    const init = {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    };
    return fetch(new Request('http://localhost/mcp', init));
  };
  const begin = async () => {
    const response = await send({ body: INITIALIZE });
    await response.text();
    return response.headers.get('mcp-session-id') ?? '';
  };
  return { app, fetch, drain, send, begin };
}

test('a client of 2025 has a session', async () => {
  const { fetch } = await serve();
  let session: string | null = null;
  const client = await connectTo(
    async (request) => {
      session ??= request.headers.get('mcp-session-id');
      return await fetch(request);
    },
    '2025-11-25',
    credentials.headers,
  );
  expect((await client.listTools()).tools).not.toEqual([]);
  expect(session).toMatch(/^[\w-]{43}$/);
});

test('a client of 2026-07-28 has none', async () => {
  const { fetch } = await serve();
  const client = await connectTo(
    async (request) => {
      const response = await fetch(request);
      expect(response.headers.get('mcp-session-id')).toBeNull();
      return response;
    },
    '2026-07-28',
    credentials.headers,
  );
  expect((await client.listTools()).tools).not.toEqual([]);
});

test('a session that is over is not found, like one that never was', async () => {
  const { send, begin } = await serve();
  const session = await begin();
  const list = await send({ session, body: LIST });
  expect(list.status).toBe(200);
  expect(await list.text()).toContain('"tools"');
  expect((await send({ session, method: 'DELETE' })).status).toBe(200);
  for (const gone of [session, 'never-was']) {
    expect((await send({ session: gone, body: LIST })).status).toBe(404);
    expect((await send({ session: gone, method: 'GET' })).status).toBe(404);
  }
});

test('nor is one that ends while a request for it is looked at', async () => {
  const { app, send, begin } = await serve();
  const { store } = app.state;
  const session = await begin();
  const find = store.find.bind(store);
  vi.spyOn(store, 'find').mockImplementationOnce(async (key, owner) => {
    const found = await find(key, owner);
    await store.end(key);
    return found;
  });
  expect((await send({ session, body: LIST })).status).toBe(404);
});

test('an initialize that is a notification begins no session', async () => {
  const { app, send, begin } = await serve({ MAX_SESSIONS_PER_CALLER: '1' });
  const session = await begin();
  const began = vi.spyOn(app.state.store, 'begin');
  const { id: _, ...notification } = INITIALIZE;
  for (const [body, status] of [
    [notification, 202],
    [{ ...notification, id: null }, 400],
    [[notification], 202],
  ] as const) {
    const response = await send({ body });
    expect(response.status).toBe(status);
    expect(response.headers.get('mcp-session-id')).toBeNull();
  }
  expect(began).not.toHaveBeenCalled();
  expect((await send({ session, body: LIST })).status).toBe(200);
});

test('a session whose client has gone before it knew of it ends', async () => {
  const { app, send } = await serve();
  const { store } = app.state;
  const begin = store.begin.bind(store);
  const client = new AbortController();
  const keys: string[] = [];
  vi.spyOn(store, 'begin').mockImplementation(async (key, ...more) => {
    keys.push(key);
    client.abort();
    return await begin(key, ...more);
  });
  await send({ body: INITIALIZE, signal: client.signal });
  expect(await store.beginCalls(keys[0] ?? '', 'stream', [1])).toBe('over');
});

test('of too many sessions of a caller the one that was idle longest ends', async () => {
  const { send, begin } = await serve({ MAX_SESSIONS_PER_CALLER: '2' });
  const [first, second] = [await begin(), await begin()];
  for (const session of [first, second]) {
    await (await send({ session, body: LIST })).text();
  }
  await begin();
  const statuses = [first, second].map(
    async (session) => (await send({ session, body: LIST })).status,
  );
  expect(await Promise.all(statuses)).toEqual([404, 200]);
});
