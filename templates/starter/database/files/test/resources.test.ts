import { expect, test } from 'vitest';
import { connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test('each table is a resource', async () => {
  const client = await connect(await createTestApp());
  const { contents } = await client.readResource({ uri: 'schema://tables' });
  const names = (contents[0] as { text: string }).text.split('\n');
  expect(names).toEqual([
    expect.stringMatching(/\.customers$/),
    expect.stringMatching(/\.orders$/),
  ]);
  const { resources } = await client.listResources();
  const orders = resources.find(({ name }) => name === 'orders');
  const one = await client.readResource({ uri: orders?.uri ?? '' });
  expect(one.contents[0]).toMatchObject({ text: expect.stringContaining('customer_id') });
});

test('the name of a table is completed', async () => {
  const client = await connect(await createTestApp());
  const { completion } = await client.complete({
    ref: { type: 'ref/resource', uri: 'schema://tables/{table}' },
    argument: { name: 'table', value: 'ord' },
  });
  expect(completion.values).toEqual([expect.stringMatching(/\.orders$/)]);
});
