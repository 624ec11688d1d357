import { expect, test } from 'vitest';
import type { Store } from '../src/kit/store/sql.js';
import { callTool } from '../src/kit/testing/client.js';
import { addSampleUsers } from '../src/users/sample-users.js';
import { createTestApp } from './support/app.js';

test('sample users are added once', async () => {
  const app = await createTestApp();
  const { store } = app.context as { store: Store };
  expect(await store.transaction(addSampleUsers)).toBe('Added 20 users.');
  expect(await store.transaction(addSampleUsers)).toMatch(/already: nothing was added/);
  const { structuredContent } = await callTool(app, 'query_users', { search: 'spärck' });
  expect(structuredContent).toMatchObject({ users: [{ email: 'karen@example.com' }] });
});
