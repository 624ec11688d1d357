import { expect, test } from 'vitest';
import { createHttpHandler } from '../src/kit/http/handler.js';
import { openHttp } from '../src/kit/serve/http.js';
import { server } from '../src/server.js';
import { testEnv } from './support/app.js';
import { provider } from './support/credentials.js';

/** What becomes of a request with this token: the id of its caller, or the status of its refusal. */
async function callerOf(token: string): Promise<string | number> {
  const { auth, close } = openHttp(server, { env: await testEnv() });
  const caller = await auth.authenticate(new Headers({ authorization: `Bearer ${token}` }));
  await close();
  return 'principal' in caller ? caller.principal.id : caller.refusal.status;
}

const past = Math.floor(Date.now() / 1000) - 3_600;

test('a right token names its caller', async () => {
  expect(await callerOf(await provider.sign())).toBe('alice');
});

test.each([
  ['an expired token', provider.sign({ exp: past })],
  ['a token of another issuer', provider.sign({ iss: 'https://other' })],
  ['a token for another server', provider.sign({ aud: 'https://other/mcp' })],
  ['an ID token', provider.sign({}, 'JWT')],
  ['garbage', 'e30.e30.e30'],
])('nobody gets in with %s', async (_, token) => {
  expect(await callerOf(await token)).toBe(401);
});

test('clients learn where to sign in', async () => {
  const app = openHttp(server, { env: await testEnv() });
  const { fetch } = createHttpHandler(app);
  const metadata = await fetch(
    new Request('http://localhost/.well-known/oauth-protected-resource/mcp', {
      headers: { host: 'localhost' },
    }),
  );
  expect(await metadata.json()).toMatchObject({
    resource: 'http://localhost:3000/mcp',
    authorization_servers: [provider.url],
  });
  await app.close();
});
