import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { api } from '../support/api.js';
import { createTestApp } from '../support/app.js';

interface Found {
  products: { name: string }[];
  next: string | null;
}

test('search_products goes through the pages of the API', async () => {
  const app = await createTestApp();
  const names: string[] = [];
  let cursor: string | null | undefined;
  do {
    const input = { words: 'tea', limit: 2, ...(cursor && { cursor }) };
    const { structuredContent } = await callTool(app, 'search_products', input);
    const { products, next } = structuredContent as Found;
    names.push(...products.map(({ name }) => name));
    cursor = next;
  } while (cursor !== null);
  expect(names).toEqual(['Green tea', 'Black tea', 'Tea pot']);
});

test('what the API has said is used as long as it allows', async () => {
  const app = await createTestApp();
  await callTool(app, 'search_products', { words: 'tea' });
  await callTool(app, 'search_products', { words: 'tea' });
  expect(await api.requests()).toHaveLength(1);
});

test('a cursor that is none is told with the words of the API', async () => {
  const result = await callTool(await createTestApp(), 'search_products', { cursor: 'x' });
  expect(result._meta?.error).toMatchObject({ code: 'UPSTREAM_REJECTED' });
  expect(textOf(result)).toContain('cursor is not one of this list');
});
