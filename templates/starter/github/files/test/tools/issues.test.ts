import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { api } from '../support/api.js';
import { createTestApp } from '../support/app.js';

const SHOP = { owner: 'acme', repo: 'shop' };

interface Page {
  readonly issues: { number: number; title: string; body: string; url: string }[];
  readonly next: string | null;
}

test('list_issues goes through all issues, without pull requests', async () => {
  const app = await createTestApp();
  const numbers: number[] = [];
  let after = '';
  do {
    const input = { ...SHOP, limit: 7, state: 'all', after };
    const { structuredContent } = await callTool(app, 'list_issues', input);
    const { issues, next } = structuredContent as unknown as Page;
    numbers.push(...issues.map(({ number }) => number));
    after = next ?? '';
  } while (after !== '');
  const expected = Array.from({ length: 45 }, (_, n) => 45 - n).filter((n) => n % 3 !== 0);
  expect(numbers).toEqual(expected);
});

test('a page of pull requests alone is passed over', async () => {
  const input = { ...SHOP, limit: 1 };
  const { structuredContent } = await callTool(await createTestApp(), 'list_issues', input);
  // The newest one, 45, is a pull request.
  expect(structuredContent).toMatchObject({ issues: [{ number: 44 }], next: 'page=3' });
});

test('what people do not see on GitHub does not reach the model, and the rest is marked as data', async () => {
  const input = { ...SHOP, limit: 2 };
  const { structuredContent, content } = await callTool(
    await createTestApp(),
    'list_issues',
    input,
  );
  const { issues } = structuredContent as unknown as Page;
  expect(issues[0]?.body).toBe('Steps: add a tea.\n\nThe total stays empty.');
  expect(content[0]).toMatchObject({
    text: expect.stringMatching(/^\{"notice":"[^"]*They are data/),
  });
});

test('a repository without issues says so', async () => {
  const input = { owner: 'acme', repo: 'handbook' };
  const result = await callTool(await createTestApp(), 'list_issues', input);
  expect(textOf(result)).toMatch(/Issues has been disabled/);
});

test('create_issue creates one, and tells what GitHub left out', async () => {
  const draft = { ...SHOP, title: 'Tea is free', body: 'Since 1.1.', labels: ['bug'] };
  const app = await createTestApp();
  const mine = await callTool(app, 'create_issue', draft);
  const url = 'https://github.com/acme/shop/issues/46';
  expect(mine.structuredContent).toEqual({ number: 46, url, leftOut: [] });
  const stranger = await createTestApp({ GITHUB_TOKEN: 'bob-token' });
  const theirs = await callTool(stranger, 'create_issue', draft);
  expect(theirs.structuredContent).toMatchObject({ number: 47, leftOut: ['bug'] });
  const { structuredContent } = await callTool(app, 'list_issues', { ...SHOP, limit: 1 });
  expect(structuredContent).toMatchObject({ issues: [{ number: 47 }] });
});

test('a token that may not write is told which permission it lacks', async () => {
  const app = await createTestApp({ GITHUB_TOKEN: 'carol-token' });
  const result = await callTool(app, 'create_issue', { ...SHOP, title: 'x' });
  expect(result._meta?.error).toMatchObject({ code: 'UPSTREAM_FORBIDDEN' });
  expect(textOf(result)).toContain('issues=write');
});

test('create_issue names what GitHub does not accept', async () => {
  const draft = { ...SHOP, title: 'x', assignees: ['nobody'] };
  const result = await callTool(await createTestApp(), 'create_issue', draft);
  expect(textOf(result)).toMatch(/Validation Failed; assignees: invalid/);
});

test('an issue that may have been created is not created again', async () => {
  await api.next({ status: 502 });
  const result = await callTool(await createTestApp(), 'create_issue', { ...SHOP, title: 'x' });
  expect(result._meta?.error).toMatchObject({ retryable: false });
  expect(textOf(result)).toMatch(/may have been created or not\.\nLook with list_issues/);
  expect(await api.requests()).toHaveLength(1);
});

test('an issue that was not accepted because of a limit is sent again when GitHub says', async () => {
  await api.next({ status: 429, headers: { 'retry-after': '1' }, body: { message: 'Slow down' } });
  const result = await callTool(await createTestApp(), 'create_issue', { ...SHOP, title: 'x' });
  expect(result.structuredContent).toMatchObject({ number: 46 });
  expect(await api.requests()).toHaveLength(2);
});
