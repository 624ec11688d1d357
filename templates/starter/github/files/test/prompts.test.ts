import { expect, test } from 'vitest';
import { connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test('review_code carries the file as a resource, apart from the task', async () => {
  const client = await connect(await createTestApp());
  const { messages } = await client.getPrompt({
    name: 'review_code',
    arguments: { owner: 'acme', repo: 'shop', path: 'src/cart.ts', focus: 'loops' },
  });
  expect(messages).toHaveLength(2);
  expect(messages[0]?.content).toMatchObject({ text: expect.stringMatching(/loops[\s\S]*data/) });
  expect(messages[0]?.content).toMatchObject({ text: expect.not.stringContaining('totalOf') });
  expect(messages[1]?.content).toMatchObject({
    resource: { text: expect.stringContaining('i <= items.length') },
  });
});

test('review_code refuses what is no text', async () => {
  const client = await connect(await createTestApp());
  const args = { owner: 'acme', repo: 'shop', path: 'assets/logo.png' };
  const got = client.getPrompt({ name: 'review_code', arguments: args });
  await expect(got).rejects.toThrow('path: it is not a text file');
});
