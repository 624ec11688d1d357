const KEY = 'a-key-for-the-tests';

/** How the tests authenticate over HTTP. */
export const credentials = {
  env: { MCP_API_KEYS: `test:${KEY}` },
  headers: { authorization: `Bearer ${KEY}` },
};
