import { expect, test } from 'vitest';
import { connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test('review_orders has the open orders, and says when there are more', async () => {
  const client = await connect(await createTestApp());
  const { messages } = await client.getPrompt({ name: 'review_orders', arguments: {} });
  const text = JSON.stringify(messages[0]?.content);
  expect(text.match(/\\n- o-\d+: /g)).toHaveLength(30);
  expect(text).toContain('list_orders has the others');
});
