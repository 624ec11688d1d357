import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { api } from '../support/api.js';
import { createTestApp } from '../support/app.js';

test('get_current_weather tells the weather, which place it is, and in which units', async () => {
  const app = await createTestApp();
  const metric = await callTool(app, 'get_current_weather', { place: 'zurich' });
  expect(metric.structuredContent).toMatchObject({
    place: { name: 'Zürich', region: 'Zurich', country: 'Switzerland' },
    timezone: 'Europe/Zurich',
    conditions: 'light rain',
    temperature: 6.3,
    windSpeed: 14.4,
    units: { temperature: '°C', windSpeed: 'km/h' },
  });
  const imperial = await callTool(app, 'get_current_weather', {
    place: 'Zürich',
    units: 'imperial',
  });
  expect(imperial.structuredContent).toMatchObject({
    temperature: 43.3,
    windSpeed: 8.9,
    units: { temperature: '°F', windSpeed: 'mp/h' },
  });
});

test.each([
  ['Paris', 'France'],
  ['Paris, Texas', 'United States'],
  ['paris, us', 'United States'],
  ['Springfield, Illinois', 'United States'],
  ['Springfield, Illinois, United States', 'United States'],
  ['-33.87,151.21', null],
])('%s is one place', async (place, country) => {
  const result = await callTool(await createTestApp(), 'get_current_weather', { place });
  expect(result.structuredContent).toMatchObject({ place: { country } });
});

test('a name of several places is told with all of them', async () => {
  const result = await callTool(await createTestApp(), 'get_current_weather', {
    place: 'Springfield',
  });
  expect(result.isError).toBe(true);
  expect(textOf(result)).toContain('Springfield, Missouri, United States (37.21533,-93.29824)');
  expect(textOf(result)).toContain('Springfield, Illinois, United States');
});

test.each([
  ['Springfield, Atlantis', 'Springfield, Missouri'],
  ['Atlantis', 'spelling'],
  ['95,10', 'Latitudes'],
])('%s is not found, with what to do about it', async (place, hint) => {
  const result = await callTool(await createTestApp(), 'get_current_weather', { place });
  expect(result.isError).toBe(true);
  expect(textOf(result)).toContain(hint);
});

test('the same question is asked once', async () => {
  const app = await createTestApp();
  for (let count = 0; count < 3; count += 1) {
    await callTool(app, 'get_current_weather', { place: 'Berlin' });
  }
  const paths = (await api.requests()).map(({ path }) => path.split('?')[0]);
  expect(paths).toEqual(['/v1/search', '/v1/forecast']);
});

test('a service that fails for a moment is asked again', async () => {
  await api.next({ status: 502, times: 2 });
  const result = await callTool(await createTestApp(), 'get_current_weather', { place: 'Berlin' });
  expect(result.structuredContent).toMatchObject({ place: { country: 'Germany' } });
});

test('a service that fails on is told, and that it may work later', async () => {
  await api.next({ status: 503, times: 10 });
  const result = await callTool(await createTestApp(), 'get_current_weather', { place: 'Berlin' });
  expect(result._meta?.error).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
});

test('a limit of the service is told, and when to try again', async () => {
  const reason = 'Minutely API request limit exceeded. Please try again in one minute.';
  const headers = { 'retry-after': '60' };
  await api.next({ status: 429, headers, body: { error: true, reason }, times: 10 });
  const result = await callTool(await createTestApp(), 'get_current_weather', { place: 'Berlin' });
  expect(result._meta?.error).toMatchObject({ code: 'RATE_LIMITED', retryAfter: 60 });
});

test('the key of a paid plan is sent, and never shown', async () => {
  const app = await createTestApp({ WEATHER_API_KEY: 'hunter2' });
  await api.next({ status: 400, body: { error: true, reason: 'Invalid key hunter2.' } });
  const result = await callTool(app, 'get_current_weather', { place: 'Berlin' });
  expect((await api.requests())[0]?.path).toContain('apikey=hunter2');
  expect(textOf(result)).toContain('Invalid key [redacted]');
  expect(JSON.stringify(result)).not.toContain('hunter2');
});
