import { startStandIn } from '../../src/kit/testing/stand-in.js';

/** Stands in for GitHub. */
export const api = await startStandIn(new URL('../../example/github-api.mjs', import.meta.url));

/** Leads the server to it, as a member of the organization acme. */
export const apiEnv = { GITHUB_API_URL: api.url, GITHUB_TOKEN: 'alice-token' };
