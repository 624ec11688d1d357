import { expect, test } from 'vitest';
import { addDays } from '../../src/analytics/days.js';
import { insertEvents } from '../../src/analytics/events.js';
import type { Store } from '../../src/kit/store/sql.js';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';
import { record } from '../support/events.js';

const NOVEMBER = { metric: 'orders', from: '2026-11-01', to: '2026-11-30' };

async function pointsOf(app: Awaited<ReturnType<typeof createTestApp>>, input: object) {
  const { structuredContent } = await callTool(app, 'query_metrics', { ...NOVEMBER, ...input });
  const { points } = structuredContent as {
    points: { bucket: string; region: string; value: number; events: number }[];
  };
  return points.map(({ bucket, region, value, events }) => [bucket, region, value, events]);
}

test('query_metrics aggregates by day, week and month', async () => {
  const app = await createTestApp();
  await record(app, '2026-10-31', 100);
  await record(app, '2026-11-01', 1);
  await record(app, '2026-11-02', 2);
  await record(app, '2026-11-02', 4);
  await record(app, '2026-11-30', 8, { region: 'us-east' });
  await record(app, '2026-11-30', 1_000, { metric: 'visits' });
  expect(await pointsOf(app, {})).toEqual([
    ['2026-11-01', 'eu-central', 1, 1],
    ['2026-11-02', 'eu-central', 6, 2],
    ['2026-11-30', 'us-east', 8, 1],
  ]);
  expect(await pointsOf(app, { bucket: 'week' })).toEqual([
    ['2026-10-26', 'eu-central', 1, 1],
    ['2026-11-02', 'eu-central', 6, 2],
    ['2026-11-30', 'us-east', 8, 1],
  ]);
  expect(await pointsOf(app, { bucket: 'month', regions: ['eu-central'] })).toEqual([
    ['2026-11-01', 'eu-central', 7, 3],
  ]);
});

test.each([
  ['sum', 9],
  ['avg', 3],
  ['min', 1.5],
  ['max', 5],
  ['count', 3],
])('query_metrics knows the %s', async (aggregate, expected) => {
  const app = await createTestApp();
  for (const value of [1.5, 2.5, 5]) await record(app, '2026-11-02', value);
  const points = await pointsOf(app, { aggregate, bucket: 'month' });
  expect(points).toEqual([['2026-11-01', 'eu-central', expected, 3]]);
});

test('query_metrics adds up orders and takes the mean of latencies unless told otherwise', async () => {
  const app = await createTestApp();
  for (const value of [10, 20]) await record(app, '2026-11-02', value, { metric: 'latency' });
  const result = await callTool(app, 'query_metrics', { ...NOVEMBER, metric: 'latency' });
  expect(result.structuredContent).toMatchObject({
    ...{ unit: 'ms', aggregate: 'avg', from: '2026-11-01', to: '2026-11-30' },
    points: [{ value: 15, events: 2 }],
  });
});

test('query_metrics names what is wrong with a range or a region', async () => {
  const app = await createTestApp();
  const call = (input: object) => callTool(app, 'query_metrics', { metric: 'orders', ...input });
  expect(textOf(await call({ from: '2026-02-30' }))).toContain('from');
  expect(textOf(await call({ from: '2026-12-01', to: '2026-11-30' }))).toContain(
    'before it begins',
  );
  const unknown = await call({ regions: ['eu-central', "x' OR 1=1"] });
  expect(unknown._meta).toMatchObject({ error: { code: 'NOT_FOUND' } });
});

test('query_metrics refuses more points than a model should read', async () => {
  const app = await createTestApp();
  const { store } = app.context as { store: Store };
  const events = Array.from({ length: 1_001 }, (_, index) => ({
    ...{ id: crypto.randomUUID(), region: 'us-east', metric: 'orders' as const, value: 1 },
    at: new Date(addDays('2020-01-01', index)),
  }));
  for (let index = 0; index < events.length; index += 500) {
    await insertEvents(store, events.slice(index, index + 500));
  }
  const range = { from: '2020-01-01', to: '2026-01-01' };
  const refused = await callTool(app, 'query_metrics', { metric: 'orders', ...range });
  expect(refused._meta).toMatchObject({ error: { code: 'OUTPUT_TOO_LARGE' } });
  expect(await pointsOf(app, { ...range, bucket: 'month' })).toHaveLength(33);
});
