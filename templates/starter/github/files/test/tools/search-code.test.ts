import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';

test('search_code finds files, with the places that match', async () => {
  const query = 'totalOf repo:acme/shop language:typescript';
  const { structuredContent } = await callTool(await createTestApp(), 'search_code', { query });
  expect(structuredContent).toMatchObject({
    matches: [
      {
        repository: 'acme/shop',
        path: 'src/cart.ts',
        fragments: [expect.stringContaining('totalOf')],
      },
    ],
    total: 1,
    isComplete: true,
    next: null,
  });
});

test('a search without a word, or of what is not there, tells what GitHub says', async () => {
  const app = await createTestApp();
  const noWord = await callTool(app, 'search_code', { query: 'repo:acme/shop' });
  expect(textOf(noWord)).toMatch(/Validation Failed; q: missing/);
  const nowhere = await callTool(app, 'search_code', { query: 'x repo:acme/nothing' });
  expect(textOf(nowhere)).toMatch(/cannot be searched/);
});

test('a search is not for those without a token', async () => {
  const app = await createTestApp({ GITHUB_TOKEN: '' });
  const result = await callTool(app, 'search_code', { query: 'total' });
  expect(result._meta?.error).toMatchObject({ code: 'UPSTREAM_UNAUTHORIZED' });
});
