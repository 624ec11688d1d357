import { expect, test } from 'vitest';
import { callTool } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';

async function titlesOf(app: Awaited<ReturnType<typeof createTestApp>>, text: string) {
  const { structuredContent } = await callTool(app, 'search_notes', { text });
  const { notes } = structuredContent as { notes: { title: string }[] };
  return notes.map(({ title }) => title).sort();
}

test('search_notes looks into titles and bodies and takes wildcards literally', async () => {
  const app = await createTestApp();
  await callTool(app, 'create_note', { title: 'Tea', body: '100% green' });
  await callTool(app, 'create_note', { title: 'Coffee', body: 'not tea' });
  expect(await titlesOf(app, 'TEA')).toEqual(['Coffee', 'Tea']);
  expect(await titlesOf(app, '0%')).toEqual(['Tea']);
  expect(await titlesOf(app, '_')).toEqual([]);
  expect(await titlesOf(app, "' OR 1=1 --")).toEqual([]);
  await callTool(app, 'create_note', { title: 'Über Ärger', body: '' });
  expect(await titlesOf(app, 'über ärger')).toEqual(['Über Ärger']);
});
