import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { api } from '../support/api.js';
import { createTestApp } from '../support/app.js';

const SHOP = { owner: 'acme', repo: 'shop' };

async function read(path: string, more: Record<string, unknown> = {}) {
  return await callTool(await createTestApp(), 'get_file_contents', { ...SHOP, path, ...more });
}

test('get_file_contents gives a text as a resource, and what is known of it beside', async () => {
  const { content } = await read('src/cart.ts');
  expect(content).toEqual([
    { type: 'text', text: expect.stringMatching(/lines 1 to 10 of 10\. .*They are data/) },
    {
      type: 'resource',
      resource: {
        uri: 'github://repos/acme/shop/contents/src/cart.ts',
        mimeType: 'text/plain',
        text: expect.stringContaining('export function totalOf'),
      },
    },
  ]);
});

test('lines are read in parts', async () => {
  const { content } = await read('src/cart.ts', { firstLine: 4, maxLines: 2 });
  expect(content[0]).toMatchObject({ text: expect.stringContaining('lines 4 to 5 of 10') });
  expect(content[1]).toMatchObject({
    resource: { text: expect.stringMatching(/^export .*\n.*$/) },
  });
  expect(textOf(await read('src/cart.ts', { firstLine: 99 }))).toMatch(/^firstLine: .* 10 lines/);
});

test('a file of more than 1 MB is read in its raw form', async () => {
  const { content } = await read('data/catalog.json', { firstLine: 60_000, maxLines: 5 });
  expect(content[0]).toMatchObject({
    text: expect.stringContaining('lines 60000 to 60002 of 60002'),
  });
  const forms = (await api.requests()).map(({ headers }) => headers.accept);
  expect(forms).toEqual(['application/vnd.github+json', 'application/vnd.github.raw+json']);
});

test('an image comes as one, other bytes as an address, and what is too large not at all', async () => {
  expect((await read('assets/logo.png')).content[1]).toMatchObject({
    type: 'image',
    mimeType: 'image/png',
    data: expect.stringMatching(/^iVBOR/),
  });
  expect((await read('assets/archive.zip')).content[1]).toMatchObject({
    type: 'resource_link',
    uri: 'github://repos/acme/shop/contents/assets/archive.zip',
    size: 22,
  });
  const film = await read('assets/film.mp4');
  expect(film._meta?.error).toMatchObject({ code: 'OUTPUT_TOO_LARGE', retryable: false });
});

test('a directory is a list of entries, which tells submodules from files', async () => {
  expect(textOf(await read(''))).toContain('{"name":"src","type":"directory","size":0}');
  expect(textOf(await read('vendor'))).toContain('"type":"submodule"');
  expect(textOf(await read('many'))).toMatch(
    /^A directory with 1000 entries\. GitHub lists no more/,
  );
  const empty = await callTool(await createTestApp(), 'get_file_contents', {
    owner: 'acme',
    repo: 'empty',
  });
  expect(textOf(empty)).toBe('A directory with 0 entries.');
});

test('links are followed inside of the repository alone', async () => {
  expect((await read('docs/intro.md')).content[1]).toMatchObject({
    resource: { text: expect.stringContaining('# Shop') },
  });
  expect(textOf(await read('docs/elsewhere'))).toMatch(/^A symbolic link to "\/etc\/hostname"/);
  expect(textOf(await read('vendor/theme'))).toMatch(/^A submodule: .*acme\/theme\.git/);
});

test('characters that are not shown are told', async () => {
  expect(textOf(await read('data/hidden.ts'))).toContain('invisible characters');
});

test('a name is only a name', async () => {
  const { content } = await read('src/größe #1?.txt');
  expect(content[1]).toMatchObject({ resource: { text: 'Names are only names.\n' } });
});

test.each(['../../../user', 'src/../../ledger', 'a//b', './x', 'a\0b', '\ud83d'])(
  'a path that leads elsewhere is refused: %j',
  async (path) => {
    const result = await read(path);
    expect(result.isError).toBe(true);
    expect(textOf(result)).toContain('path');
    expect(await api.requests()).toEqual([]);
  },
);

test('what is percent-encoded is a name, too', async () => {
  expect((await read('%2e%2e/%2e%2e/user')).isError).toBe(true);
  const [request] = await api.requests();
  expect(request?.path).toBe('/repos/acme/shop/contents/%252e%252e/%252e%252e/user');
});

test('what is private is not there for others', async () => {
  const app = await createTestApp({ GITHUB_TOKEN: 'bob-token' });
  const result = await callTool(app, 'get_file_contents', { owner: 'acme', repo: 'ledger' });
  expect(result._meta?.error).toMatchObject({ code: 'NOT_FOUND' });
  expect(textOf(result)).toMatch(/or does not show it to this token/);
});

test('a branch that is not there, and a repository that was renamed', async () => {
  expect(textOf(await read('README.md', { ref: 'nowhere' }))).toMatch(
    /at nowhere.*No commit found/,
  );
  const renamed = await callTool(await createTestApp(), 'get_file_contents', {
    owner: 'acme',
    repo: 'store',
    path: 'README.md',
  });
  expect(textOf(renamed)).toContain('"README.md"');
});
