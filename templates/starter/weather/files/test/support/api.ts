import { startStandIn } from '../../src/kit/testing/stand-in.js';

/** Stands in for Open-Meteo. */
export const api = await startStandIn(new URL('../../example/weather-api.mjs', import.meta.url));

/** Leads the server to it. */
export const apiEnv = { WEATHER_API_URL: api.url, GEOCODING_API_URL: api.url };
