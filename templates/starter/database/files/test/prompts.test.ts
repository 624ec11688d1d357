import { expect, test } from 'vitest';
import { connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test('explore_schema names the tables', async () => {
  const client = await connect(await createTestApp());
  const { messages } = await client.getPrompt({
    name: 'explore_schema',
    arguments: { question: 'Who buys most?' },
  });
  expect(messages[0]?.content).toMatchObject({
    text: expect.stringMatching(/Who buys most\?[\s\S]*\.orders/),
  });
});
