import { expect, test } from 'vitest';
import { createHttpHandler } from '../src/kit/http/handler.js';
import { openHttp } from '../src/kit/serve/http.js';
import { connect } from '../src/kit/testing/client.js';
import { server } from '../src/server.js';
import { createTestApp, testEnv } from './support/app.js';
import { credentials } from './support/credentials.js';

/** The status of a request with these headers. */
async function statusOf(headers: Record<string, string>, query = ''): Promise<number> {
  const app = openHttp(server, { env: await testEnv() });
  const response = await createHttpHandler(app).fetch(
    new Request(`http://localhost/mcp${query}`, {
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
  await app.close();
  return response.status;
}

const { authorization } = credentials.headers;
const [, secret = ''] = authorization.split(' ');

test.each([
  ['none', {}, ''],
  ['others', { authorization: `Bearer ${secret}x` }, ''],
  ['another scheme', { authorization: `Basic ${secret}` }, ''],
  ['two of them', { authorization: `${authorization}, Bearer another` }, ''],
  ['some in a cookie', { cookie: `token=${secret}` }, ''],
  ['some in the address', {}, `?key=${secret}&access_token=${secret}`],
])('credentials: with %s nobody gets in', async (_, headers, query) => {
  expect(await statusOf({ authorization })).toBe(200);
  expect(await statusOf(headers, query)).toBe(401);
});

test('what a caller may not use is not there', async () => {
  const app = await createTestApp({ POLICY_PATH: 'test/support/nothing.yaml' });
  const client = await connect(app);
  expect((await client.listTools()).tools).toEqual([]);
  expect((await client.listResources()).resources).toEqual([]);
  expect((await client.listPrompts()).prompts).toEqual([]);
  for (const name of server.definitions.tools.keys()) {
    await expect(client.callTool({ name, arguments: {} })).rejects.toThrow('not found');
  }
});

test('policy.yaml names nothing that is not there', async () => {
  await expect(createTestApp({ POLICY_PATH: 'policy.yaml' })).resolves.toBeDefined();
});
