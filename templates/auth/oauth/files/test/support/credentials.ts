import { allScopes } from '../../src/auth/scopes.js';
import { TestProvider } from './identity-provider.js';

export const provider = await new TestProvider().start();
const token = await provider.sign({ scope: allScopes.join(' ') });

/** How the tests authenticate over HTTP. */
export const credentials = {
  env: { OAUTH_ISSUER: provider.url, PUBLIC_URL: 'http://localhost:3000' },
  headers: { authorization: `Bearer ${token}` },
};
