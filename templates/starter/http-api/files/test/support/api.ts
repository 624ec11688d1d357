import { startStandIn } from '../../src/kit/testing/stand-in.js';

/** Stands in for the API. */
export const api = await startStandIn(new URL('../../example/shop-api.mjs', import.meta.url));

/** Leads the server to it. */
export const apiEnv = { API_URL: `${api.url}/v1`, API_TOKEN: 'stand-in' };
