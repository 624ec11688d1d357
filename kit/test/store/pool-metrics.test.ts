import { expect, test } from 'vitest';
import { sql } from '../../src/store/sql.js';
import { createTestApp } from '../support/app.js';

test('the connections to the database are counted by what they do', async () => {
  const { store, metrics } = await createTestApp();
  const slow = Array.from({ length: 12 }, () => store.query(sql`SELECT pg_sleep(0.3)`));
  await expect.poll(() => metrics.registry.text()).toContain('mcp_store_waiting 2\n');
  expect(metrics.registry.text()).toContain('mcp_store_connections{state="used"} 10\n');
  await Promise.all(slow);
  expect(metrics.registry.text()).toContain('mcp_store_connections{state="used"} 0\n');
  expect(metrics.registry.text()).toMatch(/mcp_store_connections\{state="idle"\} [1-9]/);
});
