import { expect, test, vi } from 'vitest';
import { callTool } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test('listeners are told of notes that come and go', async () => {
  const app = await createTestApp();
  const heard: unknown[] = [];
  app.changes.listen((change) => heard.push('uri' in change ? change.uri : change.kind));
  const { structuredContent } = await callTool(app, 'create_note', { title: 'Tea', body: '' });
  const { id } = (structuredContent as { note: { id: string } }).note;
  await vi.waitFor(() => expect(heard).toEqual(['resources_list_changed', 'notes://recent']));
  await callTool(app, 'delete_note', { id });
  await vi.waitFor(() => expect(heard).toHaveLength(5));
  expect(heard[4]).toBe(`note:///${id}`);
});
