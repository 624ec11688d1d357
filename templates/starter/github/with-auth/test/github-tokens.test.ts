import { expect, test } from 'vitest';
import { callTool, textOf } from '../src/kit/testing/client.js';
import { api } from './support/api.js';
import { createTestApp } from './support/app.js';

const LEDGER = { owner: 'acme', repo: 'ledger', path: 'accounts.txt' };
const alice = { id: 'alice', scopes: ['*'] };
const bob = { id: 'bob', scopes: ['*'] };
const eve = { id: 'eve', scopes: ['*'] };

const perCaller = {
  GITHUB_TOKEN: '',
  GITHUB_TOKENS: JSON.stringify({ alice: 'alice-token', bob: 'bob-token' }),
};

test('each caller acts with its own token, and is shown nothing that another one was', async () => {
  const app = await createTestApp(perCaller);
  const hers = await callTool(app, 'get_file_contents', LEDGER, alice);
  expect(hers.content[1]).toMatchObject({ resource: { text: 'cash 100\n' } });
  const his = await callTool(app, 'get_file_contents', LEDGER, bob);
  expect(his._meta?.error).toMatchObject({ code: 'NOT_FOUND' });
  const sent = (await api.requests()).map(({ headers }) => headers.authorization);
  expect(sent).toEqual(['Bearer alice-token', 'Bearer bob-token']);
});

test.each([eve, { ...eve, id: '__proto__' }, { ...eve, id: 'Alice' }])(
  'a caller without a token is refused before GitHub is asked: $id',
  async (caller) => {
    const app = await createTestApp(perCaller);
    const result = await callTool(app, 'get_file_contents', LEDGER, caller);
    expect(result._meta?.error).toMatchObject({ code: 'FORBIDDEN' });
    expect(textOf(result)).toContain(`no GitHub token for ${caller.id}`);
    expect(await api.requests()).toEqual([]);
  },
);

test('a limit of one caller is not that of another', async () => {
  const app = await createTestApp(perCaller);
  await api.next({
    status: 403,
    headers: { 'retry-after': '600' },
    body: { message: 'Slow down' },
  });
  const hers = await callTool(app, 'get_file_contents', LEDGER, alice);
  expect(hers._meta?.error).toMatchObject({ code: 'RATE_LIMITED' });
  const his = await callTool(app, 'list_issues', { owner: 'acme', repo: 'shop' }, bob);
  expect(his.isError).toBeFalsy();
});

test('one token for all and one for each do not go together', async () => {
  const both = { ...perCaller, GITHUB_TOKEN: 'alice-token' };
  await expect(createTestApp(both)).rejects.toThrow('set one of them, not both');
});

test.each(['{', '["alice-token"]', '{"alice": 7}', '{"alice": "two words"}'])(
  'what is no list of tokens is refused without being shown: %s',
  async (GITHUB_TOKENS) => {
    const started = createTestApp({ ...perCaller, GITHUB_TOKENS });
    await expect(started).rejects.toThrow(/GITHUB_TOKENS: must be like/);
    await expect(started).rejects.not.toThrow(/two words|alice-token/);
  },
);

test('create_issue does nothing for a caller without the scope github:write', async () => {
  const reader = { id: 'alice', scopes: ['github:read'] };
  const app = await createTestApp(perCaller);
  const input = { owner: 'acme', repo: 'shop', title: 'x' };
  const result = await callTool(app, 'create_issue', input, reader).catch(() => undefined);
  expect(result?.structuredContent).toBeUndefined();
  expect(await api.requests()).toEqual([]);
});
