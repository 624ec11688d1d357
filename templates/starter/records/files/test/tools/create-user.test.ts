import { expect, test } from 'vitest';
import { callTool, textOf } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';
import { addUser, userFrom } from '../support/users.js';

test('create_user adds a user that get_user returns', async () => {
  const app = await createTestApp();
  const user = await addUser(app, { email: 'Ada@Example.com', plan: 'team' });
  expect(user).toEqual({
    ...{ id: expect.any(String), email: 'ada@example.com', name: 'Ada Lovelace', plan: 'team' },
    ...{ active: true, version: 1, createdAt: expect.any(String), updatedAt: user.createdAt },
  });
  expect(await userFrom(app, 'get_user', { id: user.id })).toEqual(user);
});

test('create_user gives one address to one user, however it is written', async () => {
  const app = await createTestApp();
  await addUser(app);
  const input = { name: 'Another', email: 'ADA@example.com' };
  const refused = await callTool(app, 'create_user', input);
  expect(refused._meta).toMatchObject({ error: { code: 'ALREADY_EXISTS', retryable: false } });
  expect(textOf(refused)).toContain('query_users');
  await addUser(app, { email: 'ada@example.org' });
});

test('of two create_user at once with one address, one adds a user', async () => {
  const app = await createTestApp();
  const input = { name: 'Ada', email: 'ada@example.com' };
  const results = await Promise.all([1, 2, 3].map(() => callTool(app, 'create_user', input)));
  expect(results.filter(({ isError }) => !isError)).toHaveLength(1);
});

test.each([
  ['email', { name: 'Ada', email: 'nobody' }],
  ['name', { name: ' ', email: 'ada@example.com' }],
  ['plan', { name: 'Ada', email: 'ada@example.com', plan: 'gold' }],
])('create_user names the argument that is wrong: %s', async (argument, input) => {
  const result = await callTool(await createTestApp(), 'create_user', input);
  expect(result.isError).toBe(true);
  expect(textOf(result)).toContain(argument);
});
