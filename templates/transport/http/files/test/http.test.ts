import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createHttpHandler } from '../src/kit/http/handler.js';
import { openHttp } from '../src/kit/serve/http.js';
import { createNodeServer } from '../src/kit/serve/node-server.js';
import { connectTo, eras } from '../src/kit/testing/client.js';
import { server } from '../src/server.js';
import { testEnv } from './support/app.js';
import { credentials } from './support/credentials.js';

// What must never break over HTTP. Each test fails without the guard behind it; SECURITY.md says what else is protected.

const LIST = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
const NESTED = `{"a":${'['.repeat(100)}${']'.repeat(100)}}`;
const APP = 'https://app.example';

/** The server of this project as it answers over HTTP. */
async function openHandler() {
  const app = openHttp(server, {
    env: await testEnv({ ALLOWED_ORIGINS: APP, MAX_BODY_BYTES: '1000' }),
  });
  onTestFinished(() => app.close());
  await app.started;
  return { ...createHttpHandler(app), log: app.log };
}

/** The status of the answer to a right request over a real connection, but for `changes`. */
async function post(
  changes: Record<string, string | string[]>,
  { path = '/mcp', body = LIST } = {},
): Promise<number> {
  const { answer, log } = await openHandler();
  const listening = createNodeServer(answer, log).listen(0, '127.0.0.1');
  onTestFinished(() => void listening.close());
  await once(listening, 'listening');
  const headers = {
    host: 'localhost',
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    connection: 'close',
    ...credentials.headers,
    ...changes,
  };
  const raw = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => [name, value]),
  );
  const { port } = listening.address() as AddressInfo;
  const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers: raw });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode ?? 0;
}

describe.each(eras)('clients that speak %s', (era) => {
  test('list the tools', async () => {
    const { fetch } = await openHandler();
    const client = await connectTo(fetch, era, credentials.headers);
    expect((await client.listTools()).tools).not.toEqual([]);
  });

  test('each get their own answers, also when they use the same request ids', async () => {
    const { fetch } = await openHandler();
    const connecting = Array.from({ length: 20 }, () => connectTo(fetch, era, credentials.headers));
    const clients = await Promise.all(connecting);
    const errors = clients.map((client, n) =>
      client.callTool({ name: `tool-${n}-` }).catch(String),
    );
    for (const [n, error] of (await Promise.all(errors)).entries()) {
      expect(error).toContain(`tool-${n}-`);
    }
  });
});

test.each([
  ['one that is right', {}, 200],
  ['one from an allowed origin', { origin: APP }, 200],
  ['another host', { host: 'evil.example' }, 403],
  ['a host with a dot at its end', { host: 'localhost.' }, 403],
  ['two hosts', { host: ['localhost', 'localhost'] }, 400],
  ['an origin that begins like an allowed one', { origin: `${APP}.evil.example` }, 403],
  ['an allowed origin and another', { origin: [APP, 'https://evil.example'] }, 403],
  ['an origin without a name', { origin: 'null' }, 403],
  ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
  ['two content types', { 'content-type': ['application/json', 'text/plain'] }, 415],
  ['another character set', { 'content-type': 'application/json; charset=utf-7' }, 415],
])('a request: %s', async (_, headers, status) => {
  expect(await post(headers)).toBe(status);
});

test.each([
  ['broken JSON', '{', 400],
  ['JSON that is nested too deep', LIST.replace('}', `,"params":${NESTED}}`), 400],
  ['a batch with two equal ids', `[${LIST},${LIST}]`, 400],
  ['too much', `"${'x'.repeat(2_000)}"`, 413],
])('a body: %s', async (_, body, status) => {
  expect(await post({}, { body })).toBe(status);
});

test('the health endpoints answer without credentials', async () => {
  const { fetch } = await openHandler();
  for (const path of ['/healthz', '/readyz']) {
    const response = await fetch(new Request(`http://localhost${path}`));
    expect(response.status, path).toBe(200);
  }
});
