import { expect, test } from 'vitest';
import { callTool, connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test('summarise_notes contains the notes about the topic, and no others', async () => {
  const app = await createTestApp();
  await callTool(app, 'create_note', { title: 'Tea', body: 'Green' });
  await callTool(app, 'create_note', { title: 'Coffee', body: 'Black' });
  const client = await connect(app);
  const { messages } = await client.getPrompt({
    name: 'summarise_notes',
    arguments: { topic: 'tea' },
  });
  expect(messages).toHaveLength(1);
  expect(messages[0]?.content).toMatchObject({ text: expect.stringContaining('Green') });
  expect(messages[0]?.content).toMatchObject({ text: expect.not.stringContaining('Black') });
});

test('the topic of summarise_notes is completed with titles', async () => {
  const app = await createTestApp();
  await callTool(app, 'create_note', { title: 'Tea', body: 'Green' });
  await callTool(app, 'create_note', { title: 'Coffee', body: 'Black' });
  const client = await connect(app);
  const { completion } = await client.complete({
    ref: { type: 'ref/prompt', name: 'summarise_notes' },
    argument: { name: 'topic', value: 'te' },
  });
  expect(completion.values).toEqual(['Tea']);
});
