import { expect, test } from 'vitest';
import { connect } from '../src/kit/testing/client.js';
import { createTestApp } from './support/app.js';
import { addUser } from './support/users.js';

test('a user is read as JSON, and nobody as nobody', async () => {
  const app = await createTestApp();
  const user = await addUser(app);
  const client = await connect(app);
  const { contents } = await client.readResource({ uri: `users:///${user.id}` });
  expect(JSON.parse((contents[0] as { text: string }).text)).toEqual(user);
  await expect(client.readResource({ uri: 'users:///nobody' })).rejects.toMatchObject({
    code: -32602,
  });
});

test('the schema names the fields of a user, and the guide the errors', async () => {
  const app = await createTestApp();
  const user = await addUser(app);
  const client = await connect(app);
  const schema = await client.readResource({ uri: 'schema://users' });
  const { properties } = JSON.parse((schema.contents[0] as { text: string }).text).schema;
  expect(Object.keys(properties)).toEqual(Object.keys(user));
  const guide = await client.readResource({ uri: 'docs://users' });
  expect(guide.contents[0]).toMatchObject({ text: expect.stringContaining('CONFLICT') });
});

test('listeners are told of a user who has changed', async () => {
  const app = await createTestApp();
  const { id, version } = await addUser(app);
  const heard: unknown[] = [];
  app.changes.listen((change) => heard.push('uri' in change && change.uri));
  const client = await connect(app);
  await client.callTool({ name: 'update_user', arguments: { id, version, active: false } });
  await expect.poll(() => heard).toEqual([`users:///${id}`]);
});
