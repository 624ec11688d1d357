import { expect, test } from 'vitest';
import { callTool, textOf } from '../src/kit/testing/client.js';
import { api } from './support/api.js';
import { createTestApp } from './support/app.js';

const README = { owner: 'acme', repo: 'shop', path: 'README.md' };

function codeOf({ _meta }: Awaited<ReturnType<typeof callTool>>) {
  return (_meta?.error as { code?: string } | undefined)?.code;
}

test('GitHub is told who asks, in which version of its API, and by which token', async () => {
  await callTool(await createTestApp(), 'get_file_contents', README);
  const [request] = await api.requests();
  expect(request?.headers).toMatchObject({
    authorization: 'Bearer alice-token',
    'user-agent': expect.stringMatching(/^[\w.-]+\/\d/),
    'x-github-api-version': '2022-11-28',
  });
});

test('GitHub Enterprise has its API below a path', async () => {
  const app = await createTestApp({ GITHUB_API_URL: `${api.url}/api/v3/` });
  const result = await callTool(app, 'get_file_contents', README);
  expect(textOf(result)).toContain('"README.md"');
  expect((await api.requests())[0]?.path).toBe('/api/v3/repos/acme/shop/contents/README.md');
});

test('what has not changed is asked for once, and then with its ETag', async () => {
  const headers = { etag: '"one"', 'cache-control': 'private, max-age=0' };
  const body = {
    type: 'file',
    name: 'a',
    path: 'a',
    sha: 'x',
    size: 1,
    encoding: 'base64',
    content: 'YQ==',
  };
  await api.next({ status: 200, headers, body });
  await api.next({ status: 304, headers });
  const app = await createTestApp();
  const first = await callTool(app, 'get_file_contents', README);
  const second = await callTool(app, 'get_file_contents', README);
  expect(second.content).toEqual(first.content);
  const conditions = (await api.requests()).map((one) => one.headers['if-none-match']);
  expect(conditions).toEqual([undefined, '"one"']);
});

test('an answer is fresh as long as GitHub says, and not after a change', async () => {
  const app = await createTestApp();
  const shop = { owner: 'acme', repo: 'shop' };
  await callTool(app, 'list_issues', shop);
  await callTool(app, 'list_issues', shop);
  expect(await api.requests()).toHaveLength(1);
  await callTool(app, 'create_issue', { ...shop, title: 'x' });
  const { structuredContent } = await callTool(app, 'list_issues', shop);
  const { issues } = structuredContent as { issues: { number: number }[] };
  expect(issues[0]?.number).toBe(46);
});

test('a primary limit that is used up is not asked again before its time', async () => {
  const reset = String(Math.floor(Date.now() / 1_000) + 1_800);
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
  await api.next({ status: 403, headers, body: { message: 'API rate limit exceeded' } });
  const app = await createTestApp();
  const first = await callTool(app, 'get_file_contents', README);
  const code = 'RATE_LIMITED';
  expect(first._meta?.error).toMatchObject({ code, retryAfter: expect.any(Number) });
  expect(codeOf(await callTool(app, 'list_issues', { owner: 'acme', repo: 'shop' }))).toBe(code);
  expect(await api.requests()).toHaveLength(1);
  // Searches have a limit of their own.
  const found = await callTool(app, 'search_code', { query: 'totalOf' });
  expect(found.isError).toBeFalsy();
});

test('GitHub counts ten searches a minute', async () => {
  const app = await createTestApp({ GITHUB_TOKEN: 'bob-token' });
  for (let n = 0; n < 10; n += 1) await callTool(app, 'search_code', { query: `total ${n}` });
  const result = await callTool(app, 'search_code', { query: 'one more' });
  expect(codeOf(result)).toBe('RATE_LIMITED');
});

test('a secondary limit is kept, with and without a time', async () => {
  const body = { message: 'You have exceeded a secondary rate limit.' };
  await api.next({ status: 403, headers: { 'retry-after': '60' }, body });
  const timed = await callTool(await createTestApp(), 'get_file_contents', README);
  expect(timed._meta?.error).toEqual({ code: 'RATE_LIMITED', retryable: true, retryAfter: 60 });
  await api.next({ status: 403, body });
  const untimed = await callTool(await createTestApp(), 'get_file_contents', README);
  expect(untimed._meta?.error).toEqual({
    code: 'RATE_LIMITED',
    retryable: true,
    retryAfter: 60,
  });
});

test('what only reads is asked again when GitHub fails, and then left alone', async () => {
  await api.next({ status: 502, times: 2 });
  const app = await createTestApp();
  const survived = await callTool(app, 'get_file_contents', README);
  expect(survived.isError).toBeFalsy();
  await api.next({ status: 503, times: 100 });
  const shop = { owner: 'acme', repo: 'shop' };
  for (let n = 0; n < 3; n += 1) {
    expect(codeOf(await callTool(app, 'list_issues', shop))).toBe('UPSTREAM_UNAVAILABLE');
  }
  // Five outages in a row open the circuit.
  expect(await api.requests()).toHaveLength(3 + 5);
});

test('a token that GitHub does not know is told as such, and not shown', async () => {
  const app = await createTestApp({ GITHUB_TOKEN: 'mallory-token' });
  const result = await callTool(app, 'get_file_contents', README);
  expect(codeOf(result)).toBe('UPSTREAM_UNAUTHORIZED');
  expect(textOf(result)).not.toContain('mallory');
});
