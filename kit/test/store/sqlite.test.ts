import { expect, onTestFinished, test } from 'vitest';
import { Database } from '../../src/store/libsql.js';
import { sql } from '../../src/store/sql.js';
import { asStoreError } from '../../src/store/sqlite-error.js';
import { createTestApp } from '../support/app.js';

test('a value is data, whatever it says', async () => {
  const { store } = await createTestApp();
  const text = "'); DROP TABLE mcp_migrations; --";
  expect(await store.query(sql`SELECT ${text} AS text`)).toEqual([{ text }]);
});

test('a statement that runs again has values of its own', async () => {
  const { store } = await createTestApp();
  for (const value of ['a', null, 'b']) {
    expect(await store.query(sql`SELECT ${value} AS value`)).toEqual([{ value }]);
  }
});

test('rows come in their order', async () => {
  const { store } = await createTestApp();
  const rows = await store.query(sql`SELECT * FROM (VALUES (2), (3), (1)) ORDER BY 1 DESC;`);
  expect(rows).toEqual([{ column1: 3 }, { column1: 2 }, { column1: 1 }]);
});

test('the store is there as soon as it is asked', async () => {
  const { store } = await createTestApp();
  await expect(store.ping()).resolves.toBeUndefined();
});

test.each([
  [
    'has no row yet',
    sql`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                         SELECT count(*) FROM n`,
  ],
  [
    'has found one',
    sql`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
                        SELECT i FROM n WHERE i < 2`,
  ],
])('a query that %s stops when its caller does', async (_, endless) => {
  const { store } = await createTestApp();
  const started = store.query(endless, AbortSignal.timeout(50));
  await expect(started).rejects.toThrow();
  expect(await store.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
});

test('a statement waits for the lock of someone else until its caller stops, and others need not', async () => {
  const { config, store } = await createTestApp();
  await store.ping();
  const other = new Database(config.DATABASE_URL.slice('file:'.length), {});
  onTestFinished(() => other.close());
  await other.exec('BEGIN EXCLUSIVE');
  const write = sql`INSERT INTO mcp_migrations (name) VALUES ('x')`;
  await expect(store.query(write, AbortSignal.timeout(50))).rejects.toThrow();
  const waiting = store.query(write);
  expect(await store.query(sql`SELECT 1 AS one`)).toEqual([{ one: 1 }]);
  await other.exec('ROLLBACK');
  expect(await waiting).toEqual([]);
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
