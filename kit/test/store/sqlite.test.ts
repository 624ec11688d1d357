import { expect, test } from 'vitest';
import { sql } from '../../src/store/sql.js';
import { asStoreError } from '../../src/store/sqlite-error.js';
import { createTestApp } from '../support/app.js';

test('a value is data, whatever it says', async () => {
  const { store } = await createTestApp();
  const text = "'); DROP TABLE mcp_migrations; --";
  expect(await store.query(sql`SELECT ${text} AS text`)).toEqual([{ text }]);
});

test('the store is there as soon as it is asked', async () => {
  const { store } = await createTestApp();
  await expect(store.ping()).resolves.toBeUndefined();
});

test('a query stops when its caller does', async () => {
  const { store } = await createTestApp();
  const endless = sql`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                      SELECT count(*) FROM n`;
  const started = store.query(endless, AbortSignal.timeout(50));
  await expect(started).rejects.toThrow();
  expect(await store.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
});

test('a database that someone else has locked is named as such', () => {
  const locked = Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
  expect(asStoreError(locked)).toMatchObject({ code: 'STORE_BUSY', retryable: true });
  expect(asStoreError(new Error('no such column'))).toBeUndefined();
});

test('a database that cannot be opened is named as such, without its address', async () => {
  const { store } = await createTestApp({ DATABASE_URL: 'file:/dev/null/secret.db' });
  await expect(store.ping()).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    retryable: true,
    message: expect.not.stringContaining('secret'),
  });
});
