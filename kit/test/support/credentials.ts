import { SignJWT } from 'jose';

const KEY = 'a-key-for-the-tests';

/** How the tests authenticate over HTTP unless they are about that. */
export const credentials = {
  env: { MCP_API_KEYS: `test:${KEY}` },
  headers: { authorization: `Bearer ${KEY}` },
};

const SECRET = 'Zq7RnV2-xK9bTf4WcY6mHs8LdP3gJa5E';

/** The settings under which the tokens of `signToken` are accepted. */
export const jwtEnv = { JWT_SECRET: SECRET, JWT_ISSUER: 'https://issuer', JWT_AUDIENCE: 'tests' };

/** A token as its issuer would sign it, but for `changes`. */
export async function signToken(changes: Record<string, unknown> = {}, secret = SECRET) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: 'https://issuer', aud: 'tests', sub: 'alice', exp: now + 60, ...changes };
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
}
