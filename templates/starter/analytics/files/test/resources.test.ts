import { expect, test } from 'vitest';
import { connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';
import { record } from './support/events.js';

const textIn = (contents: readonly object[]) => (contents[0] as { text: string }).text;

test('a region is listed, completed and read as JSON', async () => {
  const app = await createTestApp();
  const today = new Date().toISOString().slice(0, 10);
  await record(app, today, 7);
  const client = await connect(app);
  const { resources } = await client.listResources();
  const uri = 'analytics://regions/eu-central';
  expect(resources.map((one) => one.uri)).toContain(uri);
  const { contents } = await client.readResource({ uri });
  expect(JSON.parse(textIn(contents))).toMatchObject({
    region: 'eu-central',
    to: today,
    metrics: { orders: { unit: 'orders', weeks: [{ value: 7 }] }, visits: { weeks: [] } },
  });
  const { completion } = await client.complete({
    ref: { type: 'ref/resource', uri: 'analytics://regions/{region}' },
    argument: { name: 'region', value: 'us' },
  });
  expect(completion.values).toEqual(['us-east', 'us-west']);
});

test('a region that does not exist is not found', async () => {
  const client = await connect(await createTestApp());
  const read = client.readResource({ uri: 'analytics://regions/atlantis' });
  await expect(read).rejects.toMatchObject({ code: -32602 });
});

test('the catalog names the metrics and their units', async () => {
  const client = await connect(await createTestApp());
  const { contents } = await client.readResource({ uri: 'analytics://metrics' });
  expect(JSON.parse(textIn(contents)).metrics.latency).toEqual({ unit: 'ms', aggregate: 'avg' });
});

test('listeners are told of new events once', async () => {
  const app = await createTestApp();
  const heard: unknown[] = [];
  app.changes.listen((change) => heard.push('uri' in change && change.uri));
  const { id } = await record(app, '2026-11-02', 1);
  await expect.poll(() => heard).toEqual(['analytics://regions/eu-central']);
  await record(app, '2026-11-02', 1, { id });
  await record(app, '2026-11-02', 1, { region: 'us-west' });
  await expect.poll(() => heard).toHaveLength(2);
});
