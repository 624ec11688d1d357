import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';

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

test('delete_note does nothing for a caller without the scope notes:write', async () => {
  const app = await createTestApp();
  const created = await callTool(app, 'create_note', { title: 'Tea', body: '' });
  const { note } = created.structuredContent as { note: { id: string } };
  const reader = { id: 'reader', scopes: ['notes:read'] };
  const refused = await callTool(app, 'delete_note', { id: note.id }, reader).catch(() => null);
  expect(refused?.structuredContent).toBeUndefined();
  const read = await callTool(app, 'read_note', { id: note.id }, reader);
  expect(read.structuredContent).toMatchObject({ note: { title: 'Tea' } });
});
