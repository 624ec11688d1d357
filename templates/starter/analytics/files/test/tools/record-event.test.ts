import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';
import { record } from '../support/events.js';

async function sumOf(app: Awaited<ReturnType<typeof createTestApp>>) {
  const input = { metric: 'orders', from: '2026-11-02', to: '2026-11-02' };
  const { structuredContent } = await callTool(app, 'query_metrics', input);
  return (structuredContent as { points: { value: number }[] }).points[0]?.value;
}

test('record_event counts an id once, also when it is sent several times at once', async () => {
  const app = await createTestApp();
  const id = '7d3a0f6e-52a3-4d67-9b1e-2f6f0f1c9a11';
  const results = await Promise.all([1, 2, 3].map(() => record(app, '2026-11-02', 5, { id })));
  expect(results.filter(({ isNew }) => isNew)).toHaveLength(1);
  expect(await record(app, '2026-11-02', 5, { id: id.toUpperCase() })).toEqual({
    id,
    isNew: false,
  });
  expect(await sumOf(app)).toBe(5);
  await record(app, '2026-11-02', 2.5);
  expect(await sumOf(app)).toBe(7.5);
});

test('record_event names the regions when there is no such one', async () => {
  const app = await createTestApp();
  const input = { region: 'atlantis', metric: 'orders', value: 1 };
  const refused = await callTool(app, 'record_event', input);
  expect(refused._meta).toMatchObject({ error: { code: 'NOT_FOUND' } });
  expect(textOf(refused)).toContain('eu-central');
});

test.each([
  ['metric', { region: 'us-east', metric: 'weather', value: 1 }],
  ['value', { region: 'us-east', metric: 'orders', value: -1 }],
  ['at', { region: 'us-east', metric: 'orders', value: 1, at: '2026-11-02' }],
])('record_event names the argument that is wrong: %s', async (argument, input) => {
  const result = await callTool(await createTestApp(), 'record_event', input);
  expect(result.isError).toBe(true);
  expect(textOf(result)).toContain(argument);
});

test('record_event records nothing for a caller without the scope metrics:write', async () => {
  const app = await createTestApp();
  const analyst = { id: 'analyst', scopes: ['metrics:read'] };
  const input = { region: 'us-east', metric: 'orders', value: 1, at: '2026-11-02T12:00:00Z' };
  const refused = await callTool(app, 'record_event', input, analyst).catch(() => null);
  expect(refused?.structuredContent).toBeUndefined();
  expect(await sumOf(app)).toBeUndefined();
});
