import { expect, test } from 'vitest';
import { connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test('weather://current/{place} tells the weather in words', async () => {
  const client = await connect(await createTestApp());
  const uri = `weather://current/${encodeURIComponent('Paris, Texas')}`;
  const { contents } = await client.readResource({ uri });
  expect(contents[0]).toMatchObject({
    text: expect.stringMatching(
      /^Paris, Texas, United States, .*: light rain\nTemperature: 13.2 °C, feels like 11.2 °C\n/,
    ),
  });
});

test('a place that is not there is not found', async () => {
  const client = await connect(await createTestApp());
  await expect(client.readResource({ uri: 'weather://current/Atlantis' })).rejects.toMatchObject({
    code: -32602,
  });
});

test('places are completed', async () => {
  const client = await connect(await createTestApp());
  const complete = (value: string) =>
    client.complete({
      ref: { type: 'ref/resource', uri: 'weather://current/{place}' },
      argument: { name: 'place', value },
    });
  expect((await complete('spri')).completion.values).toContain(
    'Springfield, Illinois, United States',
  );
  expect((await complete('s')).completion.values).toEqual([]);
});
