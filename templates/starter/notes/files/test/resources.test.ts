import { expect, test } from 'vitest';
import { callTool, connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test('notes are listed and read as resources', async () => {
  const app = await createTestApp();
  await callTool(app, 'create_note', { title: 'Tea', body: 'Green' });
  const client = await connect(app);
  const { resources } = await client.listResources();
  const uri = resources.find(({ name }) => name === 'Tea')?.uri ?? '';
  const note = await client.readResource({ uri });
  expect(note.contents).toEqual([{ uri, mimeType: 'text/markdown', text: '# Tea\n\nGreen\n' }]);
  const recent = await client.readResource({ uri: 'notes://recent' });
  expect(recent.contents[0]).toMatchObject({ text: expect.stringContaining('"Tea"') });
});

test('a note that does not exist is not found', async () => {
  const client = await connect(await createTestApp());
  await expect(client.readResource({ uri: 'note:///nothing' })).rejects.toMatchObject({
    code: -32602,
  });
});

test('many notes are listed page by page, each once', async () => {
  const app = await createTestApp();
  for (let n = 0; n < 130; n += 1) {
    await callTool(app, 'create_note', { title: `Note ${n}`, body: '' });
  }
  const client = await connect(app);
  const first = await client.request({ method: 'resources/list', params: {} });
  expect(first.resources).toHaveLength(100);
  const params = { cursor: first.nextCursor ?? '' };
  const second = await client.request({ method: 'resources/list', params });
  const names = [...first.resources, ...second.resources].map(({ name }) => name);
  expect(new Set(names).size).toBe(131);
  expect(second.nextCursor).toBeUndefined();
});
