import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';

test('query returns rows in their order, and says when there are more', async () => {
  const app = await createTestApp();
  const sql = `SELECT c.name, sum(o.cents) AS cents FROM customers c
    JOIN orders o ON o.customer_id = c.id GROUP BY c.name ORDER BY c.name`;
  const all = await callTool(app, 'query', { sql });
  expect(all.structuredContent).toEqual({
    columns: ['name', 'cents'],
    rows: [
      ['Ada', expect.anything()],
      ['Grace', expect.anything()],
    ],
    isComplete: true,
  });
  const one = await callTool(app, 'query', { sql, limit: 1 });
  expect(one.structuredContent).toMatchObject({
    rows: [['Ada', expect.anything()]],
    isComplete: false,
  });
});

test.each([
  `INSERT INTO customers VALUES (3, 'Eve')`,
  'DELETE FROM orders',
  'DROP TABLE orders',
  'SELECT 1; DROP TABLE orders',
  'COMMIT; DROP TABLE orders',
  '/* only looking */ UPDATE orders SET cents = 0',
])('query does nothing but read: %s', async (sql) => {
  const app = await createTestApp();
  expect(await callTool(app, 'query', { sql })).toMatchObject({ isError: true });
  const count = await callTool(app, 'query', {
    sql: 'SELECT count(*) AS n FROM orders WHERE cents > 0',
  });
  expect(count.structuredContent).toMatchObject({ rows: [[3]] });
});

test('query tells what the database says of a mistake', async () => {
  const result = await callTool(await createTestApp(), 'query', {
    sql: 'SELECT nothing FROM orders',
  });
  expect(result.isError).toBe(true);
  expect(textOf(result)).toContain('nothing');
});

test('explain tells a plan and runs nothing', async () => {
  const app = await createTestApp();
  const result = await callTool(app, 'explain', { sql: 'SELECT * FROM orders WHERE id = 10' });
  expect(result.structuredContent).toMatchObject({ plan: expect.stringContaining('orders') });
  expect(await callTool(app, 'explain', { sql: 'DELETE FROM orders' })).toMatchObject({
    isError: true,
  });
});
