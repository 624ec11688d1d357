import { expect, test } from 'vitest';
import { callTool } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

type App = Awaited<ReturnType<typeof createTestApp>>;

async function create(app: App, title: string, body = ''): Promise<string> {
  const { structuredContent } = await callTool(app, 'create_note', { title, body });
  return (structuredContent as { note: { id: string } }).note.id;
}

async function search(app: App, text: string, limit: number): Promise<string[]> {
  const { structuredContent } = await callTool(app, 'search_notes', { text, limit });
  return (structuredContent as { notes: { title: string }[] }).notes.map(({ title }) => title);
}

test.each(['a\0b', 'a\ud83d', '\u2028\r\n😀'])('a text is kept as it is: %j', async (body) => {
  const app = await createTestApp();
  const id = await create(app, 'Tea', body);
  const { structuredContent } = await callTool(app, 'read_note', { id });
  expect(structuredContent).toMatchObject({ note: { body } });
});

test('a search goes through all notes, newest first, and stops when it has enough', async () => {
  const app = await createTestApp();
  await create(app, 'Oldest green tea');
  for (let n = 0; n < 120; n += 1) await create(app, `Coffee ${n}`);
  await create(app, 'Newest green tea');
  expect(await search(app, 'GREEN', 100)).toEqual(['Newest green tea', 'Oldest green tea']);
  expect(await search(app, 'green', 1)).toEqual(['Newest green tea']);
  expect(await search(app, '', 2)).toContain('Newest green tea');
});

test('a deleted note is found no longer', async () => {
  const app = await createTestApp();
  const id = await create(app, 'Tea');
  await callTool(app, 'delete_note', { id });
  expect(await search(app, '', 10)).toEqual([]);
});
