import { expect, test } from 'vitest';
import { callTool } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';

test('list_tables pages through the tables, and finds some by their names', async () => {
  const app = await createTestApp();
  const first = await callTool(app, 'list_tables', { limit: 1 });
  const { tables, next } = first.structuredContent as { tables: unknown[]; next: string };
  expect(tables).toEqual([expect.objectContaining({ name: 'customers', kind: 'table' })]);
  const second = await callTool(app, 'list_tables', { limit: 1, after: next });
  expect(second.structuredContent).toMatchObject({ tables: [{ name: 'orders' }], next: null });
  const found = await callTool(app, 'list_tables', { contains: 'ORD' });
  expect(found.structuredContent).toMatchObject({ tables: [{ name: 'orders' }] });
});

test('describe_table tells columns, keys and references', async () => {
  const result = await callTool(await createTestApp(), 'describe_table', { table: 'orders' });
  expect(result.structuredContent).toMatchObject({
    name: 'orders',
    primaryKey: ['id'],
    columns: [{ name: 'id' }, { name: 'customer_id', isNullable: false }, { name: 'cents' }],
    foreignKeys: [{ columns: ['customer_id'], references: { name: 'customers', columns: ['id'] } }],
  });
});

test('sample_rows returns no more rows than were asked for', async () => {
  const app = await createTestApp();
  const result = await callTool(app, 'sample_rows', { table: 'orders', limit: 2 });
  expect(result.structuredContent).toMatchObject({
    columns: ['id', 'customer_id', 'cents'],
    rows: [expect.any(Array), expect.any(Array)],
  });
});

test.each(['describe_table', 'sample_rows'])('%s does not know other tables', async (tool) => {
  const app = await createTestApp();
  for (const table of ['none', 'orders"; DROP TABLE orders; --']) {
    expect(await callTool(app, tool, { table })).toMatchObject({ isError: true });
  }
});
