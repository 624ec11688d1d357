import { expect, test } from 'vitest';
import { callTool } from '../../src/kit/testing/client.js';
import type { UserPage } from '../../src/users/user-pages.js';
import { createTestApp } from '../support/app.js';
import { addUser } from '../support/users.js';

type App = Awaited<ReturnType<typeof createTestApp>>;

async function pageOf(app: App, input: Record<string, unknown>): Promise<UserPage> {
  return (await callTool(app, 'query_users', input)).structuredContent as UserPage;
}

const namesOf = async (app: App, input: Record<string, unknown>) =>
  (await pageOf(app, input)).users.map(({ name }) => name);

test('query_users filters by each of its conditions', async () => {
  const app = await createTestApp();
  const { createdAt } = await addUser(app, { plan: 'team' });
  await addUser(app, { name: 'Über Ärger', email: '100_percent@example.com' });
  expect(await namesOf(app, {})).toHaveLength(2);
  expect(await namesOf(app, { search: 'LOVELACE' })).toEqual(['Ada Lovelace']);
  expect(await namesOf(app, { search: 'über ä' })).toEqual(['Über Ärger']);
  expect(await namesOf(app, { search: '0_p' })).toEqual(['Über Ärger']);
  expect(await namesOf(app, { search: "' OR 1=1 --" })).toEqual([]);
  expect(await namesOf(app, { plan: 'team' })).toEqual(['Ada Lovelace']);
  expect(await namesOf(app, { active: false })).toEqual([]);
  expect(await namesOf(app, { plan: 'free', active: true })).toEqual(['Über Ärger']);
  expect(await namesOf(app, { createdBefore: createdAt })).toEqual([]);
  expect(await namesOf(app, { createdAfter: createdAt })).toHaveLength(2);
});

test('query_users sorts without regard to capitals', async () => {
  const app = await createTestApp();
  for (const name of ['bob', 'Ada', 'Carl'])
    await addUser(app, { name, email: `${name}@a.example` });
  expect(await namesOf(app, {})).toEqual(['Ada', 'bob', 'Carl']);
  expect(await namesOf(app, { order: 'desc' })).toEqual(['Carl', 'bob', 'Ada']);
});

test.each(['name', 'email', 'createdAt'])(
  'pages sorted by %s have each user once, also while users come and go',
  async (sort) => {
    const app = await createTestApp();
    for (const n of [1, 2, 3, 4, 5, 6, 7]) {
      await addUser(app, { name: n < 5 ? 'Same' : `User ${n}`, email: `user${n}@example.com` });
    }
    for (const order of ['asc', 'desc']) {
      const all = (await pageOf(app, { sort, order })).users.map(({ id }) => id);
      const paged: string[] = [];
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = await pageOf(app, { sort, order, limit: 2, ...(cursor && { cursor }) });
        paged.push(...page.users.map(({ id }) => id));
        cursor = page.nextCursor;
      }
      expect(paged).toEqual(all);
      expect(new Set(paged).size).toBe(7);
      // The user at whom a page ended may be gone by the next one.
      const first = await pageOf(app, { sort, order, limit: 3 });
      const { id = '', email = '' } = first.users.at(-1) ?? {};
      await callTool(app, 'delete_user', { id, email });
      const next = await pageOf(app, { sort, order, limit: 100, cursor: first.nextCursor });
      expect(next.users.map((user) => user.id)).toEqual(all.slice(3));
      await addUser(app, { name: 'Same', email });
    }
  },
);

test('query_users refuses cursors that are not of the same sorting', async () => {
  const app = await createTestApp();
  await addUser(app);
  await addUser(app, { email: 'grace@example.com' });
  const { nextCursor } = await pageOf(app, { limit: 1 });
  const forged = Buffer.from('["createdAt","asc","never","x"]').toString('base64url');
  for (const input of [
    { sort: 'email', cursor: nextCursor },
    { order: 'desc', cursor: nextCursor },
    { cursor: 'x' },
    { sort: 'createdAt', cursor: forged },
  ]) {
    const refused = await callTool(app, 'query_users', input);
    expect(refused._meta).toMatchObject({ error: { code: 'INVALID_CURSOR' } });
  }
});
