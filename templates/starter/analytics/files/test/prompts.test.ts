import { expect, test } from 'vitest';
import { connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';
import { record } from './support/events.js';

test('region_report contains the figures of the region, and no others', async () => {
  const app = await createTestApp();
  const today = new Date().toISOString().slice(0, 10);
  await record(app, today, 7);
  await record(app, today, 31, { region: 'us-east' });
  const client = await connect(app);
  const name = 'region_report';
  const { messages } = await client.getPrompt({ name, arguments: { region: 'eu-central' } });
  expect(messages[0]?.content).toMatchObject({
    text: expect.stringContaining('- orders (sum, orders): 7, before none'),
  });
  expect(JSON.stringify(messages)).not.toContain('31,');
  const unknown = client.getPrompt({ name, arguments: { region: 'atlantis' } });
  await expect(unknown).rejects.toThrow('No region is called "atlantis".');
});
