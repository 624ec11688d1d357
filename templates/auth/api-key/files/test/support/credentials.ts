const KEY = 'a-key-for-the-tests';
const OTHER_KEY = 'another-one-for-the-tests';

/** How the tests authenticate over HTTP. */
export const credentials = {
  env: { MCP_API_KEYS: `test:${KEY},other:${OTHER_KEY}` },
  headers: { authorization: `Bearer ${KEY}` },
};
