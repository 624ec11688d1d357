import { expect, test } from 'vitest';
import { connect } from '../src/kit/testing/client.js';
import { api } from './support/api.js';
import { createTestApp } from './support/app.js';

const CONTENTS = 'github://repos/{owner}/{repo}/contents/{+path}';

test('a file is read as it is, with the type that it has', async () => {
  const client = await connect(await createTestApp());
  const read = async (path: string) => {
    const uri = `github://repos/acme/shop/contents/${path}`;
    return (await client.readResource({ uri })).contents[0];
  };
  expect(await read('README.md')).toMatchObject({
    mimeType: 'text/plain',
    text: expect.stringContaining('# Shop'),
  });
  expect(await read('assets/logo.png')).toMatchObject({
    mimeType: 'image/png',
    blob: expect.stringMatching(/^iVBOR/),
  });
  expect(await read('src')).toMatchObject({ mimeType: 'application/json' });
});

test('an issue has its whole body, without what people do not see', async () => {
  const client = await connect(await createTestApp());
  const uri = 'github://repos/acme/shop/issues/44';
  const { contents } = await client.readResource({ uri });
  const { number, body } = JSON.parse((contents[0] as { text: string }).text);
  expect({ number, body }).toEqual({
    number: 44,
    body: 'Steps: add a tea.\n\nThe total stays empty.',
  });
});

test.each([
  'github://repos/acme/shop/contents/../../user/repos',
  'github://repos/acme/shop/contents/%2e%2e/%2e%2e/user/repos',
  'github://repos/acme%2Fshop/x/contents/README.md',
  'github://repos/acme/../contents/README.md',
  'github://repos/acme/shop/issues/0',
  'github://repos/acme/shop/issues/1?x',
])('an address that leads elsewhere is not there: %s', async (uri) => {
  const client = await connect(await createTestApp());
  await expect(client.readResource({ uri })).rejects.toMatchObject({ code: -32602 });
  expect(await api.requests()).toEqual([]);
});

test('owners, repositories and paths are completed', async () => {
  const client = await connect(await createTestApp());
  const complete = async (name: string, value: string, known: Record<string, string> = {}) => {
    const ref = { type: 'ref/resource', uri: CONTENTS } as const;
    const context = { arguments: known };
    const { completion } = await client.complete({ ref, argument: { name, value }, context });
    return completion.values;
  };
  expect(await complete('owner', 'a')).toEqual(expect.arrayContaining(['acme', 'alice']));
  expect(await complete('repo', 'S', { owner: 'acme' })).toEqual(['shop']);
  const shop = { owner: 'acme', repo: 'shop' };
  expect(await complete('path', 'src/ca', shop)).toEqual(['src/cart.ts']);
  expect(await complete('path', 'as', shop)).toEqual(['assets/']);
});
