import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';

test('create_note saves a note that read_note returns', async () => {
  const app = await createTestApp();
  const { structuredContent } = await callTool(app, 'create_note', { title: 'Tea', body: 'Green' });
  expect(structuredContent).toEqual({
    note: { id: expect.any(String), title: 'Tea', body: 'Green', createdAt: expect.any(String) },
  });
  const { note } = structuredContent as { note: { id: string } };
  const read = await callTool(app, 'read_note', { id: note.id });
  expect(read.structuredContent).toEqual(structuredContent);
});

test('create_note names the argument that is wrong', async () => {
  const result = await callTool(await createTestApp(), 'create_note', { title: 7, body: 'Green' });
  expect(result.isError).toBe(true);
  expect(textOf(result)).toContain('title');
});
