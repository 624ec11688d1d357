import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { api } from '../support/api.js';
import { createTestApp } from '../support/app.js';

test('get_forecast tells as many days as wanted', async () => {
  const result = await callTool(await createTestApp(), 'get_forecast', { place: 'Tokyo', days: 3 });
  const { days, units } = result.structuredContent as { days: unknown[]; units: object };
  expect(days).toHaveLength(3);
  expect(days[0]).toEqual({
    date: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
    conditions: 'light rain',
    temperatureMax: 16.2,
    temperatureMin: 7.2,
    precipitation: 2.5,
    precipitationProbability: 40,
    windSpeedMax: 25.2,
  });
  expect(units).toMatchObject({ precipitation: 'mm', precipitationProbability: '%' });
});

test('values that are missing are null, not wrong', async () => {
  const found = { results: [{ name: 'Oslo', latitude: 59.9, longitude: 10.7 }] };
  const daily = { time: ['2026-01-01'], weather_code: [null], temperature_2m_max: [null] };
  await api.next({ status: 200, body: found });
  await api.next({ status: 200, body: { timezone: 'GMT', daily_units: {}, daily } });
  const result = await callTool(await createTestApp(), 'get_forecast', { place: 'Oslo' });
  expect(result.structuredContent).toMatchObject({
    days: [{ conditions: 'unknown', temperatureMax: null, precipitation: null }],
  });
});

test('an answer that is something else is told as such', async () => {
  await api.next({ status: 200, body: { results: 'none' } });
  const result = await callTool(await createTestApp(), 'get_forecast', { place: 'Oslo' });
  expect(result._meta?.error).toMatchObject({ code: 'UPSTREAM_INVALID', retryable: false });
});

test.each([0, 17, 2.5])('%d days are refused by the name of the argument', async (days) => {
  const result = await callTool(await createTestApp(), 'get_forecast', { place: 'Tokyo', days });
  expect(result.isError).toBe(true);
  expect(textOf(result)).toContain('days');
});
