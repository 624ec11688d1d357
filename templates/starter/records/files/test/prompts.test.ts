import { expect, test } from 'vitest';
import { connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test('ask_about_users contains the question and names the tools', async () => {
  const client = await connect(await createTestApp());
  const { messages } = await client.getPrompt({
    name: 'ask_about_users',
    arguments: { question: 'Who joined last week?' },
  });
  expect(messages).toHaveLength(1);
  expect(messages[0]?.content).toMatchObject({
    text: expect.stringMatching(/Who joined last week\?[\s\S]*query_users/),
  });
});
