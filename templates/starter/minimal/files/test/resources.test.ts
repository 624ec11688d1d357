import { expect, test } from 'vitest';
import { connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';

test('time://zones lists the zones, each of which is a resource', async () => {
  const client = await connect(await createTestApp());
  const all = await client.readResource({ uri: 'time://zones' });
  expect(all.contents[0]).toMatchObject({ text: expect.stringContaining('Europe/Paris') });
  const one = await client.readResource({ uri: 'time://zones/Europe/Paris' });
  expect(one.contents[0]).toMatchObject({ text: expect.stringMatching(/ at \d{2}:/) });
});

test('an unknown zone is not found', async () => {
  const client = await connect(await createTestApp());
  await expect(client.readResource({ uri: 'time://zones/Mars/Olympus' })).rejects.toMatchObject({
    code: -32602,
  });
});

test('the name of a zone is completed', async () => {
  const client = await connect(await createTestApp());
  const { completion } = await client.complete({
    ref: { type: 'ref/resource', uri: 'time://zones/{+zone}' },
    argument: { name: 'zone', value: 'europe/par' },
  });
  expect(completion.values).toEqual(['Europe/Paris']);
});
