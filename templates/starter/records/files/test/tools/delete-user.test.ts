import { expect, test } from 'vitest';
import { callTool } from '../../src/kit/testing/client.js';
import { createTestApp } from '../support/app.js';
import { addUser, userFrom } from '../support/users.js';

test('delete_user deletes a user once', async () => {
  const app = await createTestApp();
  const { id, email } = await addUser(app);
  await userFrom(app, 'get_user', { id });
  const deleted = await callTool(app, 'delete_user', { id, email });
  expect(deleted.structuredContent).toEqual({ deleted: id });
  const code = { error: { code: 'NOT_FOUND' } };
  expect((await callTool(app, 'delete_user', { id, email }))._meta).toMatchObject(code);
  expect((await callTool(app, 'get_user', { id }))._meta).toMatchObject(code);
});

test('delete_user deletes nobody whose address is another', async () => {
  const app = await createTestApp();
  const { id } = await addUser(app);
  await addUser(app, { email: 'grace@example.com' });
  const refused = await callTool(app, 'delete_user', { id, email: 'grace@example.com' });
  expect(refused._meta).toMatchObject({ error: { code: 'CONFLICT' } });
  expect(await userFrom(app, 'get_user', { id })).toMatchObject({ email: 'ada@example.com' });
});

test('delete_user does nothing for a caller without the scope users:write', async () => {
  const app = await createTestApp();
  const { id, email } = await addUser(app);
  const analyst = { id: 'analyst', scopes: ['users:read'] };
  const refused = await callTool(app, 'delete_user', { id, email }, analyst).catch(() => null);
  expect(refused?.structuredContent).toBeUndefined();
  expect(await userFrom(app, 'get_user', { id })).toMatchObject({ id });
});
