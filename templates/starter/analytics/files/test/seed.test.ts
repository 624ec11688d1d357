import { expect, test } from 'vitest';
import { addSampleEvents } from '../src/analytics/sample-events.js';
import type { Store } from '../src/kit/store/sql.js';
import { callTool } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test('sample figures are added once, and reach up to today', async () => {
  const app = await createTestApp();
  const { store } = app.context as { store: Store };
  expect(await store.transaction(addSampleEvents)).toBe('Added 1440 events of 90 days.');
  expect(await store.transaction(addSampleEvents)).toMatch(/already: nothing was added/);
  const { structuredContent } = await callTool(app, 'compare_regions', { metric: 'revenue' });
  const { regions } = structuredContent as { regions: { change: number }[] };
  expect(regions).toHaveLength(4);
  for (const { change } of regions) expect(change).toBeGreaterThan(0);
});
