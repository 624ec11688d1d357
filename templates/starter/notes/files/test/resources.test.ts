import { expect, test } from 'vitest';
import { createTestApp } from './support/app.js';
import { callTool } from './support/call-tool.js';
import { connect } from './support/client.js';

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
