import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { api } from '../support/api.js';
import { createTestApp } from '../support/app.js';

interface Listed {
  orders: { id: string; status: string }[];
  isComplete: boolean;
}

test.each([
  [{}, 50, false],
  [{ limit: 60 }, 60, false],
  [{ limit: 64 }, 64, true],
  [{ limit: 200 }, 64, true],
  [{ status: 'open' }, 32, true],
])('list_orders with %j gives %d, and says whether that is all', async (input, count, complete) => {
  const result = await callTool(await createTestApp(), 'list_orders', input);
  const { orders, isComplete } = result.structuredContent as Listed;
  expect(orders).toHaveLength(count);
  expect(new Set(orders.map(({ id }) => id)).size).toBe(count);
  expect(isComplete).toBe(complete);
  if ('status' in input) expect(orders.every(({ status }) => status === 'open')).toBe(true);
});

test('a token that the API rejects is told without it', async () => {
  const app = await createTestApp({ API_TOKEN: 'hunter2' });
  const result = await callTool(app, 'list_orders');
  expect(result._meta?.error).toMatchObject({ code: 'UPSTREAM_UNAUTHORIZED', retryable: false });
  expect(JSON.stringify(result)).not.toContain('hunter2');
});

test.each([
  [{ status: 500, times: 9 }, 'UPSTREAM_UNAVAILABLE', true],
  [{ status: 429, headers: { 'retry-after': '30' } }, 'RATE_LIMITED', true],
  [{ status: 200, body: { orders: [] } }, 'UPSTREAM_INVALID', false],
  [{ status: 302, headers: { location: 'https://login.example/' } }, 'UPSTREAM_INVALID', false],
])('%j is %s', async (answer, code, retryable) => {
  await api.next(answer);
  const result = await callTool(await createTestApp(), 'list_orders');
  expect(result._meta?.error).toMatchObject({ code, retryable });
});

test('a page that fails for a moment is asked for again', async () => {
  await api.next({ status: 503, headers: { 'retry-after': '0' } });
  const result = await callTool(await createTestApp(), 'list_orders', { limit: 1 });
  expect(result.isError, textOf(result)).not.toBe(true);
});
