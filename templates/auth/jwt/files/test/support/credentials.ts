import { SignJWT } from 'jose';

const SECRET = 'Zq7RnV2-xK9bTf4WcY6mHs8LdP3gJa5E';

/** A token as its issuer would sign it, but for `changes`. */
export async function signToken(changes: Record<string, unknown> = {}, secret = SECRET) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: 'https://issuer', aud: 'tests', sub: 'alice', exp: now + 60, ...changes };
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
}

/** How the tests authenticate over HTTP, and what they may do then. */
export const credentials = {
  env: {
    JWT_SECRET: SECRET,
    JWT_ISSUER: 'https://issuer',
    JWT_AUDIENCE: 'tests',
    POLICY_PATH: 'test/support/policy.yaml',
  },
  headers: { authorization: `Bearer ${await signToken()}` },
};
