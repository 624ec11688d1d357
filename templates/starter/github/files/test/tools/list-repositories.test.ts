import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';

async function namesOf(input: Record<string, unknown>, env?: Record<string, string>) {
  const app = await createTestApp(env);
  const { structuredContent } = await callTool(app, 'list_repositories', input);
  const { repositories } = structuredContent as { repositories: { name: string }[] };
  return repositories.map(({ name }) => name);
}

test('list_repositories lists those of an organization, with what the token may see', async () => {
  expect(await namesOf({ owner: 'acme' })).toContain('acme/ledger');
  const strangers = { GITHUB_TOKEN: 'bob-token' };
  expect(await namesOf({ owner: 'acme' }, strangers)).not.toContain('acme/ledger');
  expect(await namesOf({ owner: 'acme' }, { GITHUB_TOKEN: '' })).toContain('acme/shop');
});

test('list_repositories lists those of a user, and those of the token', async () => {
  expect(await namesOf({ owner: 'octocat' })).toEqual(['octocat/Hello-World']);
  expect(await namesOf({})).toEqual(expect.arrayContaining(['alice/dotfiles', 'acme/ledger']));
});

test('pages have each repository once', async () => {
  const app = await createTestApp();
  const all: string[] = [];
  let after = '';
  do {
    const { structuredContent } = await callTool(app, 'list_repositories', { limit: 2, after });
    const page = structuredContent as { repositories: { name: string }[]; next: string | null };
    all.push(...page.repositories.map(({ name }) => name));
    after = page.next ?? '';
  } while (after !== '');
  expect(all).toHaveLength(5);
  expect(new Set(all).size).toBe(5);
});

test('a cursor that is not one of a page is refused', async () => {
  const app = await createTestApp();
  for (const after of ['per_page=100', 'page=2&q=x', 'page=../x']) {
    const result = await callTool(app, 'list_repositories', { after });
    expect(result._meta?.error).toMatchObject({ code: 'INVALID_CURSOR' });
  }
});

test('a server without a token says what it lacks', async () => {
  const app = await createTestApp({ GITHUB_TOKEN: '' });
  const result = await callTool(app, 'list_repositories', {});
  expect(textOf(result)).toMatch(/only for a token, and this server has none/);
});

test('GITHUB_REPOSITORIES limits what there is', async () => {
  const env = { GITHUB_REPOSITORIES: 'acme/shop,alice/*' };
  expect((await namesOf({}, env)).sort()).toEqual(['acme/shop', 'alice/dotfiles']);
  const app = await createTestApp(env);
  const input = { owner: 'acme', repo: 'ledger', path: 'accounts.txt' };
  const refused = await callTool(app, 'get_file_contents', input);
  expect(textOf(refused)).toMatch(/does not serve acme\/ledger/);
  const found = await callTool(app, 'search_code', { query: 'cash repo:acme/ledger' });
  expect(found.structuredContent).toMatchObject({ matches: [] });
});
