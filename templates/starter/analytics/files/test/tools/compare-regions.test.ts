import { expect, test } from 'vitest';
import { callTool } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';
import { record } from '../support/events.js';

test('compare_regions has every region, beside as many days before', async () => {
  const app = await createTestApp();
  await record(app, '2026-11-08', 20);
  await record(app, '2026-11-14', 10);
  await record(app, '2026-11-07', 40);
  await record(app, '2026-10-31', 1_000);
  await record(app, '2026-11-14', 50, { region: 'us-east' });
  const input = { metric: 'orders', from: '2026-11-08', to: '2026-11-14' };
  const { structuredContent } = await callTool(app, 'compare_regions', input);
  expect(structuredContent).toMatchObject({
    unit: 'orders',
    before: { from: '2026-11-01', to: '2026-11-07' },
    regions: [
      { region: 'us-east', value: 50, before: null, change: null },
      { region: 'eu-central', name: 'Central Europe', value: 30, before: 40, change: -0.25 },
      { region: 'ap-southeast', value: null, before: null, change: null },
      { region: 'us-west', value: null, before: null, change: null },
    ],
  });
  const counted = await callTool(app, 'compare_regions', { ...input, aggregate: 'count' });
  expect(counted.structuredContent).toMatchObject({
    regions: [
      { region: 'eu-central', value: 2, before: 1, change: 1 },
      { region: 'us-east', value: 1, before: 0, change: null },
      { value: 0 },
      { value: 0 },
    ],
  });
});

test('list_regions tells which days there are events for', async () => {
  const app = await createTestApp();
  await record(app, '2026-11-08', 20);
  await record(app, '2026-11-14', 10);
  const { structuredContent } = await callTool(app, 'list_regions');
  const { regions } = structuredContent as { regions: { id: string }[] };
  expect(regions.map(({ id }) => id)).toEqual(['ap-southeast', 'eu-central', 'us-east', 'us-west']);
  expect(regions[0]).toMatchObject({ firstDay: null, lastDay: null });
  expect(regions[1]).toMatchObject({ firstDay: '2026-11-08', lastDay: '2026-11-14' });
});
