const KEY = 'a-key-for-the-tests';

/** How the tests authenticate over HTTP, and what they may do then. */
export const credentials = {
  env: { MCP_API_KEYS: `test:${KEY}`, POLICY_PATH: 'test/support/policy.yaml' },
  headers: { authorization: `Bearer ${KEY}` },
};
