import { expect, test } from 'vitest';
import { connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test('shop://orders/{id} is an order', async () => {
  const client = await connect(await createTestApp());
  const { contents } = await client.readResource({ uri: 'shop://orders/o-1' });
  expect(contents[0]).toMatchObject({ text: expect.stringContaining('"customer": "Ada"') });
});

test.each(['o-99', '..%2Fproducts'])('%s is not found', async (id) => {
  const client = await connect(await createTestApp());
  await expect(client.readResource({ uri: `shop://orders/${id}` })).rejects.toMatchObject({
    code: -32602,
  });
});

test('ids are completed', async () => {
  const client = await connect(await createTestApp());
  const { completion } = await client.complete({
    ref: { type: 'ref/resource', uri: 'shop://orders/{id}' },
    argument: { name: 'id', value: 'o-6' },
  });
  expect(completion.values).toEqual(['o-64', 'o-63', 'o-62', 'o-61', 'o-60']);
});
