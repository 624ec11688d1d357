import { expect, test } from 'vitest';
import { connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test('plan_outing has the forecast of a week', async () => {
  const client = await connect(await createTestApp());
  const { messages } = await client.getPrompt({
    name: 'plan_outing',
    arguments: { place: 'Reykjavik', activity: 'a hike' },
  });
  const text = JSON.stringify(messages[0]?.content);
  expect(text).toContain('a hike in Reykjavik, Capital Region, Iceland');
  expect(text.match(/\\n- \d{4}-\d{2}-\d{2}: light rain, [^,]+ to [^,]+ °C, rain/g)).toHaveLength(7);
});
