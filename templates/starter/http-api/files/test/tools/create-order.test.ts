import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { api } from '../support/api.js';
import { createTestApp } from '../support/app.js';

const items = [{ productId: 'p-1', quantity: 2 }];

test('create_order orders, and lists read before are not used any more', async () => {
  const app = await createTestApp();
  await callTool(app, 'list_orders', { limit: 1 });
  const result = await callTool(app, 'create_order', { items });
  expect(result.structuredContent).toMatchObject({ id: 'o-65', status: 'open', totalCents: 1_000 });
  const listed = await callTool(app, 'list_orders', { limit: 1 });
  expect(listed.structuredContent).toMatchObject({ orders: [{ id: 'o-65' }] });
});

test('an order that the API did not take is sent again, and is one order', async () => {
  await api.next({ status: 502 });
  const app = await createTestApp();
  const result = await callTool(app, 'create_order', { items });
  expect(result.structuredContent).toMatchObject({ id: 'o-65' });
  const sent = (await api.requests()).map(({ headers }) => headers['idempotency-key']);
  expect(sent).toHaveLength(2);
  expect(new Set(sent).size).toBe(1);
});

test.each([
  ['p-5', 'Coffee mill: only 0 left'],
  ['p-99', 'p-99 is not a product'],
])(
  'what the API rejects (%s) is told with its reason, and not repeated',
  async (productId, reason) => {
    const input = { items: [{ productId, quantity: 1 }] };
    const result = await callTool(await createTestApp(), 'create_order', input);
    expect(result._meta?.error).toMatchObject({ code: 'UPSTREAM_REJECTED' });
    expect(textOf(result)).toContain(reason);
    expect(await api.requests()).toHaveLength(1);
  },
);
