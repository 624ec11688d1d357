import { expect, test } from 'vitest';
import { callTool } from '../../src/kit/testing/client.js';
import { api } from '../support/api.js';
import { createTestApp } from '../support/app.js';

test('ship_orders tells what was shipped and what was not, in the order of the ids', async () => {
  const ids = ['o-1', 'o-3', 'o-4', '../products', 'o-99', 'o-1'];
  const result = await callTool(await createTestApp(), 'ship_orders', { ids });
  expect(result.isError).not.toBe(true);
  expect(result.structuredContent).toEqual({
    shipped: [
      expect.objectContaining({ id: 'o-1', status: 'shipped' }),
      expect.objectContaining({ id: 'o-4', status: 'shipped' }),
    ],
    failed: [
      {
        id: 'o-3',
        code: 'CONFLICT',
        message: expect.stringContaining('Order o-3 is cancelled'),
        retryable: false,
      },
      expect.objectContaining({ id: '../products', code: 'NOT_FOUND' }),
      expect.objectContaining({ id: 'o-99', code: 'NOT_FOUND' }),
    ],
  });
});

test('what fails because of the API may be tried again; it is not repeated by itself', async () => {
  await api.next({ status: 500 });
  const result = await callTool(await createTestApp(), 'ship_orders', { ids: ['o-1'] });
  expect(result.structuredContent).toMatchObject({
    shipped: [],
    failed: [{ id: 'o-1', code: 'UPSTREAM_UNAVAILABLE', retryable: true }],
  });
  expect(await api.requests()).toHaveLength(1);
});
