/** A role that nobody can have denies nothing to anybody: a policy with one does not start the server. */
import { expect, test } from 'vitest';
import { anonymous } from '../../src/auth/anonymous.js';
import { apiKeys } from '../../src/auth/api-keys.js';
import { jwt } from '../../src/auth/jwt.js';
import { oauth } from '../../src/auth/oauth.js';
import { createTestApp } from '../support/app.js';
import { newPolicyFile } from '../support/policy.js';

const EVERYBODY = 'all: { everyone: true, allowed_tools: ["*"] }';
const byName = `roles: { ${EVERYBODY}, contractor: { denied_tools: ["*"] } }`;
const byClaim = `roles: { ${EVERYBODY}, contractor: { claims: { kind: [contractor] }, denied_tools: ["*"] } }`;

const OAUTH = { OAUTH_ISSUER: 'https://login.example', PUBLIC_URL: 'https://mcp.example.com' };
const GOOGLE = { ...OAUTH, OAUTH_PROVIDER: 'google', OAUTH_AUDIENCE: 'client' };
const JWT = {
  JWT_ISSUER: 'https://login.example',
  JWT_AUDIENCE: 'mcp',
  JWT_SECRET: 'kXw2v9Qz7LbT4mNc8RfYhJ5sPd3GaUe6',
};

function start(auth: unknown, policy: string, env: Record<string, string> = {}) {
  return createTestApp({ ...env, POLICY_PATH: newPolicyFile(policy) }, { parts: { auth } });
}

test.each<[string, unknown, string, Record<string, string>?]>([
  ['a role, where nobody authenticates', anonymous(), byName],
  ['a role, where the provider has none', oauth(), byName, GOOGLE],
  ['a claim, where nobody authenticates', anonymous(), byClaim],
  ['a claim, with API keys', apiKeys(), byClaim],
])('%s is refused', async (_, auth, policy, env) => {
  await expect(start(auth, policy, env)).rejects.toThrow(/no credentials .*(role|claims)/);
});

test.each<[string, unknown, string, Record<string, string>?]>([
  ['a role of an API key', apiKeys(), byName],
  ['a role in a token', jwt(), byName, JWT],
  ['a role of a provider that has some', oauth(), byName, OAUTH],
  ['a claim in a token', jwt(), byClaim, JWT],
  ['a claim of a provider', oauth(), byClaim, GOOGLE],
  ['a claim in one of two ways in', [jwt(), apiKeys()], byClaim, JWT],
])('%s counts', async (_, auth, policy, env) => {
  await expect(start(auth, policy, env)).resolves.toBeDefined();
});
