import { expect, test } from 'vitest';
import { connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test('plan_meeting tells the time in every zone', async () => {
  const client = await connect(await createTestApp());
  const { messages } = await client.getPrompt({
    name: 'plan_meeting',
    arguments: { zones: 'UTC, Asia/Tokyo' },
  });
  expect(messages[0]?.content).toMatchObject({
    text: expect.stringMatching(/- UTC: .*\n- Asia\/Tokyo: /),
  });
});
