import { TestProvider } from '../../src/kit/testing/identity-provider.js';
import { server } from '../../src/server.js';

export const provider = await new TestProvider().start();
const token = await provider.sign({ scope: server.definitions.scopes.join(' ') });

/** How the tests authenticate over HTTP, and what they may do then. */
export const credentials = {
  env: {
    OAUTH_ISSUER: provider.url,
    PUBLIC_URL: 'http://localhost:3000',
    POLICY_PATH: 'test/support/policy.yaml',
  },
  headers: { authorization: `Bearer ${token}` },
};
