import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';
import { addUser, userFrom } from '../support/users.js';

test('update_user changes what is given, and nothing else', async () => {
  const app = await createTestApp();
  const { id, version, ...user } = await addUser(app);
  const changed = await userFrom(app, 'update_user', { id, version, active: false });
  const updatedAt = expect.any(String);
  expect(changed).toEqual({ ...user, id, active: false, version: 2, updatedAt });
  expect(await userFrom(app, 'get_user', { id })).toEqual(changed);
});

test('update_user loses nobody else’s change', async () => {
  const app = await createTestApp();
  const { id, version } = await addUser(app);
  await userFrom(app, 'get_user', { id });
  await userFrom(app, 'update_user', { id, version, name: 'Ada King' });
  const late = await callTool(app, 'update_user', { id, version, name: 'Countess' });
  expect(late._meta).toMatchObject({ error: { code: 'CONFLICT', retryable: false } });
  expect(textOf(late)).toContain('version 2');
  expect(await userFrom(app, 'get_user', { id })).toMatchObject({ name: 'Ada King', version: 2 });
});

test('of several update_user at once with one version, one changes the user', async () => {
  const app = await createTestApp();
  const { id, version } = await addUser(app);
  const calls = ['a', 'b', 'c'].map((name) => callTool(app, 'update_user', { id, version, name }));
  const results = await Promise.all(calls);
  expect(results.filter(({ isError }) => !isError)).toHaveLength(1);
  expect(await userFrom(app, 'get_user', { id })).toMatchObject({ version: 2 });
});

test('update_user gives nobody the address of another', async () => {
  const app = await createTestApp();
  await addUser(app);
  const { id, version } = await addUser(app, { email: 'grace@example.com', name: 'Grace' });
  const input = { id, version, email: 'ada@example.com' };
  const refused = await callTool(app, 'update_user', input);
  expect(refused._meta).toMatchObject({ error: { code: 'ALREADY_EXISTS' } });
  const { users } = (await callTool(app, 'query_users', { search: 'GRACE@' }))
    .structuredContent as { users: unknown[] };
  expect(users).toMatchObject([{ id, version: 1 }]);
});

test('update_user says when there is nothing to change, or nobody', async () => {
  const app = await createTestApp();
  const { id, version } = await addUser(app);
  expect(textOf(await callTool(app, 'update_user', { id, version }))).toContain(
    'nothing to change',
  );
  for (const nobody of ['7', '00000000-0000-4000-8000-000000000000']) {
    const result = await callTool(app, 'update_user', { id: nobody, version, name: 'x' });
    expect(result._meta).toMatchObject({ error: { code: 'NOT_FOUND' } });
  }
});
