import { expect, test } from 'vitest';
import { openHttp } from '../src/kit/serve/http.js';
import { server } from '../src/server.js';
import { testEnv } from './support/app.js';
import { signToken } from './support/credentials.js';

/** What becomes of a request with this token: the id of its caller, or the status of its refusal. */
async function callerOf(token: string): Promise<string | number> {
  const { auth, close } = openHttp(server, { env: await testEnv() });
  const caller = await auth.authenticate(new Headers({ authorization: `Bearer ${token}` }));
  await close();
  return 'principal' in caller ? caller.principal.id : caller.refusal.status;
}

const past = Math.floor(Date.now() / 1000) - 3_600;
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = { iss: 'https://issuer', aud: 'tests', sub: 'alice', exp: past + 7_200 };

test('a right token names its caller', async () => {
  expect(await callerOf(await signToken())).toBe('alice');
});

test.each([
  ['another key', signToken({}, 'another-secret-that-is-long-enough-00')],
  ['an expired token', signToken({ exp: past })],
  ['a token of another issuer', signToken({ iss: 'https://other' })],
  ['a token for another server', signToken({ aud: 'others' })],
  ['a token without a subject', signToken({ sub: undefined })],
  ['a token that is not signed', `${encode({ alg: 'none' })}.${encode(claims)}.`],
])('nobody gets in with %s', async (_, token) => {
  expect(await callerOf(await token)).toBe(401);
});
