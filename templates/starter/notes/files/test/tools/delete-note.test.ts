import { expect, test } from 'vitest';
import { createTestApp } from '../support/app.js';
import { callTool, textOf } from '../support/call-tool.js';

test('delete_note deletes a note once', async () => {
  const app = await createTestApp();
  const created = await callTool(app, 'create_note', { title: 'Tea', body: '' });
  const { note } = created.structuredContent as { note: { id: string } };
  const deleted = await callTool(app, 'delete_note', { id: note.id });
  expect(deleted.structuredContent).toEqual({ deleted: note.id });
  const again = await callTool(app, 'delete_note', { id: note.id });
  expect(again.isError).toBe(true);
  expect(textOf(again)).toContain('No note with that id');
});

test('delete_note needs the scope notes:write', async () => {
  const reader = { id: 'reader', scopes: ['notes:read'] };
  const result = await callTool(await createTestApp(), 'delete_note', { id: 'x' }, reader);
  expect(result.isError).toBe(true);
  expect(textOf(result)).toContain('notes:write');
});
